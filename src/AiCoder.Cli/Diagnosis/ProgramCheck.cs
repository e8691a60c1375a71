using System.Text.RegularExpressions;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;

namespace AiCoder.Cli.Diagnosis;

/// <summary>Looks for the programs that tasks need.</summary>
internal sealed partial class ProgramCheck(ProcessRunner processes)
{
    /// <summary>Pinning the address that git connects to came with this version (http.curloptResolve).</summary>
    public static readonly Version LeastGit = new(2, 37);

    private const string SystemPath = "/usr/local/bin:/usr/bin:/bin";

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(15);

    /// <summary>What validation can use, by the program that says so.</summary>
    private static readonly (string Language, string Program)[] Toolchains =
    [
        (".NET", "dotnet"), ("Node", "node"), ("Python", "python3"), ("Go", "go"), ("Rust", "cargo"), ("Maven", "mvn"),
        ("Gradle", "gradle"), ("CMake", "cmake"), ("Make", "make"), ("PHP", "php"), ("Ruby", "ruby"), ("shell", "bash"),
    ];

    public async Task<Finding> GitAsync(CancellationToken cancellationToken)
    {
        const string mend = "Install git 2.37 or newer (Debian: apt-get install git).";
        var said = await VersionAsync("git", "--version", cancellationToken);
        if (said is null)
            return Finding.Fail("git", "There is no git program.", mend);
        if (!Version.TryParse(VersionPattern().Match(said).Value, out var version))
            return Finding.Warn("git", $"git says '{said}', which is no version.", mend);
        return version < LeastGit
            ? Finding.Fail("git", $"git is {version}, too old to pin the address it connects to.", mend)
            : Finding.Ok("git", $"git {version}");
    }

    public async Task<Finding> SshAsync(CancellationToken cancellationToken) =>
        await VersionAsync("ssh", "-V", cancellationToken) is { } said
            ? Finding.Ok("ssh", said)
            : Finding.Warn("ssh", "There is no ssh program; repositories over https work without.", "For repositories over ssh, install it (Debian: apt-get install openssh-client).");

    /// <summary>The toolchains that the sandbox will show to validation; none of them is indispensable.</summary>
    public static Finding Toolchain(AiCoderOptions options)
    {
        var path = HostToolchains.Detect([options.WorkspaceDir, options.StateDir]).Path;
        var byPresence = Toolchains.ToLookup(
            tool => path.Any(folder => File.Exists(Path.Combine(folder, tool.Program))), tool => tool.Language);
        var (found, missing) = (byPresence[true].ToList(), byPresence[false].ToList());
        var without = missing.Count == 0 ? "" : $"; not here: {string.Join(", ", missing)} (a task in one of those completes untested and says so)";
        return found.Count == 0
            ? Finding.Warn("validation", "No toolchain was found, so nothing can be tested.", "Install what your repositories are written in.")
            : Finding.Ok("validation", $"{string.Join(", ", found)}{without}");
    }

    private async Task<string?> VersionAsync(string program, string argument, CancellationToken cancellationToken)
    {
        try
        {
            var outcome = await processes.RunAsync(
                new()
                {
                    FileName = program,
                    Arguments = [argument],
                    Environment = new Dictionary<string, string> { ["PATH"] = Environment.GetEnvironmentVariable("PATH") ?? SystemPath, ["LC_ALL"] = "C" },
                    Timeout = Bound,
                    MergeOutput = true,
                },
                cancellationToken);
            return outcome.ExitCode == 0 ? outcome.StandardOutput.Trim() : null;
        }
        catch (FailureException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"\d+\.\d+(\.\d+)?")]
    private static partial Regex VersionPattern();
}
