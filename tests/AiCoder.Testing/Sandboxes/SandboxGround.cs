using AiCoder.Core.Sandbox;
using Xunit;

namespace AiCoder.Testing.Sandboxes;

/// <summary>A work tree in a temporary folder, and a sandbox to run commands in it.</summary>
public abstract class SandboxGround : IAsyncDisposable
{
    public const string Secret = "sk-this-is-a-secret-of-the-operator";

    public abstract ISandbox Sandbox { get; }

    public abstract string WorkTree { get; }

    /// <summary>Where commands of the task may have a HOME.</summary>
    public abstract string Home { get; }

    public SandboxCommand Shell(string line) =>
        new() { Arguments = ["/bin/sh", "-c", line], WorkTree = WorkTree, Timeout = TimeSpan.FromSeconds(60) };

    public Task<CommandOutcome> RunAsync(string line, Func<SandboxCommand, SandboxCommand>? with = null)
    {
        var command = Shell(line);
        return Sandbox.RunAsync(with is null ? command : with(command), TestContext.Current.CancellationToken);
    }

    /// <summary>Whether a process of this machine has the mark in its arguments.</summary>
    public static bool IsRunning(string mark) => Directory.EnumerateDirectories("/proc").Any(directory =>
    {
        try
        {
            return int.TryParse(Path.GetFileName(directory), out _)
                && File.ReadAllText(Path.Combine(directory, "cmdline")).Contains(mark, StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    });

    /// <summary>A number of seconds that nothing else sleeps for.</summary>
    public static string Mark() => "3600." + Random.Shared.NextInt64(1_000_000_000, 9_999_999_999);

    public abstract ValueTask DisposeAsync();
}
