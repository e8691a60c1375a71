using AiCoder.Core.Processes;
using AiCoder.Core.Secrets;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Sandbox;

/// <summary>
/// SANDBOX=none: the operator accepts that commands see his machine. They still get an environment without anything of ours,
/// bounds, and a process tree that is killed whole.
/// </summary>
public sealed class DirectSandbox(ProcessRunner runner, HostToolchains toolchains, SecretRedactor redactor) : ISandbox
{
    /// <inheritdoc/>
    public Task ProbeAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public string PathInside(string path) => path;

    /// <inheritdoc/>
    public async Task<CommandOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        var directory = SandboxRun.DirectoryOf(command);
        var temporary = Directory.CreateTempSubdirectory("aicoder-");
        try
        {
            var home = command.Home ?? Path.Combine(temporary.FullName, "home");
            Directory.CreateDirectory(home);
            var shell = SandboxRun.Shell(command);
            var spec = new ProcessSpec
            {
                FileName = shell[0],
                Arguments = [.. shell.Skip(1)],
                WorkingDirectory = Path.Combine(command.WorkTree, directory),
                Environment = SandboxEnvironment.For(command, toolchains, home, temporary.FullName),
                Timeout = command.Timeout,
                // Nothing else than our looking holds its processes together.
                MarkTree = true,
            };
            var outcome = await SandboxRun.RunAsync(runner, command, spec, redactor, cancellationToken).ConfigureAwait(false);
            return SandboxRun.Outcome(command, outcome, redactor);
        }
        finally
        {
            await SpecialFiles.RemoveAsync(runner, command).ConfigureAwait(false);
            FolderRemoval.Remove(temporary.FullName);
        }
    }
}
