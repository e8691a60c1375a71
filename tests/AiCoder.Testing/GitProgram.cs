using System.Diagnostics;
using System.Text;

namespace AiCoder.Testing;

/// <summary>The git program as tests use it: no user's or system's configuration, bytes in and out.</summary>
public static class GitProgram
{
    /// <summary>Runs git in a folder and returns its standard output; a non-zero exit code is an error with what it said.</summary>
    public static async Task<string> RunAsync(string directory, params IReadOnlyList<string> arguments) =>
        Encoding.UTF8.GetString(await RunBytesAsync(directory, null, arguments)).TrimEnd('\n');

    /// <summary>The same with bytes.</summary>
    public static async Task<byte[]> RunBytesAsync(string directory, byte[]? input, params IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo("git", arguments)
        {
            WorkingDirectory = directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("GIT_", StringComparison.Ordinal)).ToArray())
            start.Environment.Remove(name);
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        start.Environment["LC_ALL"] = "C";
        foreach (var role in new[] { "AUTHOR", "COMMITTER" })
        {
            start.Environment[$"GIT_{role}_NAME"] = "Test";
            start.Environment[$"GIT_{role}_EMAIL"] = "test@example.com";
            start.Environment[$"GIT_{role}_DATE"] = "2026-01-02T03:04:05Z";
        }
        using var git = Process.Start(start) ?? throw new InvalidOperationException("git did not start.");
        var errors = git.StandardError.ReadToEndAsync();
        using var output = new MemoryStream();
        var copying = git.StandardOutput.BaseStream.CopyToAsync(output);
        if (input is not null)
            await git.StandardInput.BaseStream.WriteAsync(input);
        git.StandardInput.Close();
        await copying;
        await git.WaitForExitAsync();
        return git.ExitCode == 0
            ? output.ToArray()
            : throw new InvalidOperationException($"git {string.Join(' ', arguments)} ended with {git.ExitCode}: {await errors}");
    }
}
