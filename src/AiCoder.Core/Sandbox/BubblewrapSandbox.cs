using AiCoder.Core.Failures;
using AiCoder.Core.Processes;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Sandbox;

/// <summary>
/// Runs each command in namespaces of its own by bubblewrap: the system read-only, the work tree writable at <c>/work</c>, its
/// <c>.git</c> read-only, a home of the task's at <c>/home/sandbox</c>, nothing else of the host. About 10 ms a command.
/// </summary>
/// <param name="runner">Starts bwrap.</param>
/// <param name="toolchains">What of the host is shown besides <c>/usr</c>.</param>
/// <param name="redactor">Takes secrets out of output, although none should ever be there.</param>
/// <param name="filesDirectory">Where the synthetic files of <c>/etc</c> are kept, absolute; made on first use.</param>
public sealed class BubblewrapSandbox(
    ProcessRunner runner, HostToolchains toolchains, SecretRedactor redactor, string filesDirectory) : ISandbox
{
    /// <summary>Where the work tree is inside.</summary>
    public const string WorkTree = "/work";

    /// <summary>HOME inside.</summary>
    public const string Home = "/home/sandbox";

    private static readonly Dictionary<string, string> Nothing = [];
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(20);

    private readonly SandboxFiles _files = new(filesDirectory);

    /// <inheritdoc/>
    public async Task ProbeAsync(CancellationToken cancellationToken)
    {
        var workTree = Directory.CreateTempSubdirectory("aicoder-probe-");
        try
        {
            Directory.CreateDirectory(Path.Combine(workTree.FullName, ".git"));
            var outcome = await RunAsync(
                new() { Arguments = ["/bin/sh", "-c", ": > probe && cat /proc/self/status"], WorkTree = workTree.FullName, Timeout = ProbeTimeout },
                cancellationToken).ConfigureAwait(false);
            if (!outcome.Succeeded)
                throw Unavailable($"bubblewrap could not run a test command ({outcome.Ending}, exit code {outcome.ExitCode}): {outcome.Output.Trim()}");
        }
        finally
        {
            workTree.Delete(recursive: true);
        }
    }

    /// <inheritdoc/>
    public string PathInside(string path) => BubblewrapArguments.Inside(path);

    /// <inheritdoc/>
    public async Task<CommandOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        var program = ProgramPath.Find("bwrap", Nothing) ?? throw Unavailable("bubblewrap is not installed");
        var directory = SandboxRun.DirectoryOf(command);
        if (command.Home is not null)
            Directory.CreateDirectory(command.Home);

        var arguments = BubblewrapArguments.For(command, directory, toolchains, _files);
        var spec = new ProcessSpec
        {
            FileName = program,
            // Its arguments name folders of the host and can be read inside as /proc/1/cmdline; so they come by standard input.
            Arguments = ["--args", "0", "--", .. SandboxRun.Shell(command)],
            StandardInput = string.Concat(arguments.Select(argument => argument + "\0")),
            // Its environment can be read inside as /proc/1/environ.
            Environment = Nothing,
            Timeout = command.Timeout,
        };

        var git = Path.Combine(command.WorkTree, ".git");
        var hadGit = Path.Exists(git);
        ProcessOutcome outcome;
        try
        {
            outcome = await SandboxRun.RunAsync(runner, command, spec, redactor, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await SpecialFiles.RemoveAsync(runner, command).ConfigureAwait(false);
        }

        if (!hadGit)
            RemoveMountPoint(git);

        // The command's own standard error goes with its output; here only bwrap itself speaks.
        if (outcome.Ending == ProcessEnding.Exited && outcome.ExitCode != 0 && outcome.StandardError.StartsWith("bwrap: ", StringComparison.Ordinal))
            throw Unavailable("bubblewrap could not start: " + outcome.StandardError["bwrap: ".Length..].Trim());
        return SandboxRun.Outcome(command, outcome, redactor);
    }

    private static void RemoveMountPoint(string git)
    {
        if (Directory.Exists(git) && !Directory.EnumerateFileSystemEntries(git).Any())
            Directory.Delete(git);
    }

    private static FailureException Unavailable(string what) => new(
        FailureCodes.SandboxUnavailable,
        $"{what.TrimEnd('.')}. Nothing that a repository or a model chooses runs without a sandbox. Install the package 'bubblewrap'; in a container, "
        + "allow user namespaces and an unmasked /proc (Docker: --security-opt seccomp=<a profile that allows them> --security-opt "
        + "systempaths=unconfined; Kubernetes: hostUsers: false or procMount: Unmasked with such a profile); on a host that restricts "
        + "them, sysctl kernel.unprivileged_userns_clone=1 or kernel.apparmor_restrict_unprivileged_userns=0. In a cluster, SANDBOX=kubernetes needs none of this. Or set SANDBOX=none to accept the risk.");
}
