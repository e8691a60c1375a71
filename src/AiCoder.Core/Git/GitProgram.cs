using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Processes;

namespace AiCoder.Core.Git;

/// <summary>The git program, run as <see cref="GitSettings"/> says.</summary>
public sealed class GitProgram(AiCoderOptions options, ProcessRunner processes)
{
    private const int MessageLimit = 2_000;

    internal AiCoderOptions Options => options;

    /// <summary>Runs git to its end; the exit code is the caller's to judge.</summary>
    internal async Task<GitOutcome> RunAsync(GitCall call, CancellationToken cancellationToken)
    {
        var environment = GitSettings.Environment(options.GitEnvironment, GitSettings.Always.Concat(call.Configuration));
        foreach (var (name, value) in call.Environment)
            environment[name] = value;
        using var output = new MemoryStream();
        var outcome = await processes.RunRawAsync(
            new()
            {
                FileName = "git",
                Arguments = call.Arguments,
                WorkingDirectory = call.WorkingDirectory,
                Environment = environment,
                Timeout = call.Timeout,
            },
            call.Input,
            output,
            cancellationToken).ConfigureAwait(false);
        return new(
            outcome.Ending == ProcessEnding.Exited ? outcome.ExitCode : null,
            output.GetBuffer().AsMemory(0, (int)output.Length),
            outcome.StandardError);
    }

    /// <summary>Runs a local step that must succeed.</summary>
    /// <exception cref="FailureException">It did not: <c>system/disk_full</c>, <c>system/storage_unavailable</c>.</exception>
    internal async Task<GitOutcome> RequireAsync(GitCall call, CancellationToken cancellationToken)
    {
        var outcome = await RunAsync(call, cancellationToken).ConfigureAwait(false);
        return outcome.Succeeded ? outcome : throw new FailureException(LocalFailure(call, outcome));
    }

    internal static Failure LocalFailure(GitCall call, GitOutcome outcome)
    {
        var what = $"git {call.Arguments[0]}";
        var said = outcome.Error.Trim();
        said = TextLimit.Cut(said, MessageLimit);
        if (outcome.TimedOut)
            return Failure.Of(FailureCodes.StorageUnavailable, $"{what} took longer than {call.Timeout} in the workspace.");
        if (GitFailures.IsDiskFull(said))
            return Failure.Of(FailureCodes.DiskFull, $"No space is left in the workspace: {said} Free some, or move WORKSPACE_DIR.");
        if (GitFailures.IsForbiddenHere(said))
            return Failure.Of(FailureCodes.Configuration, $"The workspace can't be written as git needs it: {said} Give the user that runs AiCoder the right to it; on a mounted share set its uid= and gid=.");
        if (said.Contains("invalid path", StringComparison.Ordinal))
            return Failure.Of(FailureCodes.ContentRefused, $"The repository holds a path that git refuses to check out: {said}");
        return Failure.Of(FailureCodes.StorageUnavailable, $"{what} failed in the workspace: {said}");
    }
}
