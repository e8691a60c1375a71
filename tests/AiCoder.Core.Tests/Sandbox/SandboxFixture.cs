using AiCoder.Core.Configuration;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Tests.Sandbox;

/// <summary>A work tree, a state folder and a sandbox of the wanted kind in a temporary folder.</summary>
internal sealed class SandboxFixture : IDisposable
{
    public const string Secret = "sk-this-is-a-secret-of-the-operator";
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("aicoder-sandbox-");

    public SandboxFixture(SandboxKind kind)
    {
        Directory.CreateDirectory(StateDir);
        Directory.CreateDirectory(Path.Combine(WorkTree, ".git"));
        File.WriteAllText(Path.Combine(StateDir, "key"), Secret);
        File.WriteAllText(Path.Combine(WorkTree, ".git", "config"), "[core]\n");
        Options = new()
        {
            WorkspaceDir = Path.Combine(_root.FullName, "workspace"),
            StateDir = StateDir,
            Sandbox = kind,
            ApiKey = Secret,
        };
        Sandbox = SandboxFactory.Create(Options, new ProcessRunner(TimeProvider.System), new SecretRedactor(Options.Secrets));
    }

    public AiCoderOptions Options { get; }

    public ISandbox Sandbox { get; }

    public string WorkTree => Path.Combine(_root.FullName, "workspace", "task", "work", "1");

    public string StateDir => Path.Combine(_root.FullName, "workspace", ".state");

    public string Root => _root.FullName;

    public SandboxCommand Shell(string line) =>
        new() { Arguments = ["/bin/sh", "-c", line], WorkTree = WorkTree, Timeout = TimeSpan.FromSeconds(60) };

    public Task<CommandOutcome> RunAsync(string line, Func<SandboxCommand, SandboxCommand>? with = null)
    {
        var command = Shell(line);
        return Sandbox.RunAsync(with is null ? command : with(command), TestContext.Current.CancellationToken);
    }

    public void Dispose() => _root.Delete(recursive: true);

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
}
