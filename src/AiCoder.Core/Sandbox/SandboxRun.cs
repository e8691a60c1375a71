using System.Text;
using AiCoder.Core.Failures;
using AiCoder.Core.Processes;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Sandbox;

/// <summary>What sandboxes do alike: bounds in, outcome out.</summary>
internal static class SandboxRun
{
    /// <summary>
    /// The command as arguments of a shell that sets the limits, joins both streams in the order they were written, and gives
    /// way to it. No core files; no file above 8 GiB (in blocks of 512 bytes).
    /// </summary>
    public static IReadOnlyList<string> Shell(SandboxCommand command) =>
        ["/bin/sh", "-c", $"ulimit -c 0; ulimit -f 16777216; exec \"$@\" </dev/null{(command.StandardOutput is null ? " 2>&1" : "")}", "sh", .. command.Arguments];

    // util-linux. Where memory runs out between two looks of the watchdog, the kernel is to end the command and not us.
    private static readonly string? Choom = new[] { "/usr/bin/choom", "/bin/choom" }.FirstOrDefault(File.Exists);

    /// <summary>Fills in the bounds of the command.</summary>
    private static ProcessSpec Bounded(SandboxCommand command, ProcessSpec spec, SecretRedactor redactor)
    {
        if (command.StandardInput is not null)
            throw new NotSupportedException("Standard input is for sandboxes that run elsewhere.");
        var shown = 0;
        return spec with
        {
            FileName = Choom ?? spec.FileName,
            Arguments = Choom is null ? spec.Arguments : ["-n", "1000", "--", spec.FileName, .. spec.Arguments],
            Timeout = command.Timeout,
            OutputLimit = command.OutputLimit,
            TotalOutputLimit = command.TotalOutputLimit,
            Hold = command.Hold,
            TreeLimits = new(command.MemoryBytes, command.MaxProcesses),
            OnOutput = command.OnOutput is not { } watch
                ? null
                : text =>
                {
                    var rest = text[..Math.Min(text.Length, command.OutputLimit - shown)];
                    shown += rest.Length;
                    if (rest.Length > 0)
                        watch(redactor.Redact(rest));
                },
        };
    }

    /// <summary>Runs it, its standard output kept or passed on as the command wants.</summary>
    public static Task<ProcessOutcome> RunAsync(ProcessRunner runner, SandboxCommand command, ProcessSpec spec, SecretRedactor redactor, CancellationToken cancellationToken)
    {
        var bounded = Bounded(command, spec, redactor);
        return command.StandardOutput is not { } output
            ? runner.RunAsync(bounded, cancellationToken)
            : runner.RunRawAsync(bounded, Encoding.UTF8.GetBytes(bounded.StandardInput ?? ""), output, cancellationToken);
    }

    public static CommandOutcome Outcome(SandboxCommand command, ProcessOutcome outcome, SecretRedactor redactor) => new(
        outcome.ExitCode,
        redactor.Redact(command.StandardOutput is null ? outcome.StandardOutput : outcome.StandardError),
        outcome.Duration,
        outcome.Ending switch
        {
            ProcessEnding.Exited => CommandEnding.Exited,
            ProcessEnding.OutOfMemory => CommandEnding.OutOfMemory,
            ProcessEnding.TooManyProcesses => CommandEnding.TooManyProcesses,
            ProcessEnding.TooMuchOutput => CommandEnding.TooMuchOutput,
            _ => CommandEnding.TimedOut,
        });

    /// <summary>What of <see cref="SandboxCommand.Masked"/> is there, relative, and whether it is a file.</summary>
    /// <exception cref="FailureException">It is a symbolic link.</exception>
    public static IEnumerable<(string Path, bool IsFile)> Masked(SandboxCommand command)
    {
        foreach (var path in command.Masked)
        {
            var info = new FileInfo(Path.Combine(command.WorkTree, path));
            // Mounted on a link, the mask would hide what it leads to, or nothing at all.
            if (info.LinkTarget is not null)
                throw new FailureException(FailureCodes.SandboxUnavailable, $"The repository's {path} is a symbolic link, which cannot be kept from what runs. Use another engine, or remove it.");
            if (info.Exists || Directory.Exists(info.FullName))
                yield return (path, info.Exists);
        }
    }

    /// <summary>The folder to start in, relative, without a way out of the work tree.</summary>
    /// <exception cref="FailureException">It leads out of the work tree.</exception>
    public static string DirectoryOf(SandboxCommand command)
    {
        var root = Path.GetFullPath(command.WorkTree);
        var full = Path.GetFullPath(Path.Combine(root, command.Directory));
        return full == root || full.StartsWith(root + "/", StringComparison.Ordinal)
            ? Path.GetRelativePath(root, full)
            : throw new FailureException(FailureCodes.Configuration, $"The folder '{command.Directory}' lies outside the repository.");
    }
}
