using AiCoder.Core.Failures;

namespace AiCoder.Core.Git;

/// <summary>Reads what <c>git push --porcelain</c> says about the one branch (git-push(1), "OUTPUT").</summary>
internal static class PushReport
{
    private static readonly string[] Conflicts =
    [
        "stale info", "fetch first", "non-fast-forward", "already exists", "cannot lock ref", "failed to update ref", "incorrect old value",
        "reference already exists", "failed to lock",
    ];

    /// <exception cref="FailureException">The branch is not at the commit.</exception>
    public static void ThrowIfNotPushed(RemoteAccess access, string branch, GitOutcome outcome)
    {
        var line = outcome.Text.Split('\n').FirstOrDefault(line => line.Split('\t') is [_, var refs, _] && refs.EndsWith($":refs/heads/{branch}", StringComparison.Ordinal));
        // A flag other than '!' means that it was pushed, or was there already.
        if (outcome.Succeeded && line is not null && line[0] != '!')
            return;
        if (line is null || line[0] != '!')
            throw new FailureException(GitFailures.From(access, "push to", outcome));

        var summary = access.Redactor.Redact(line.Split('\t')[2]);
        if (Conflicts.Any(text => summary.Contains(text, StringComparison.Ordinal)))
        {
            throw new FailureException(
                FailureCodes.PushConflict,
                $"The branch '{branch}' of {access.Url} is no longer where it was when the task began; somebody else pushed to it. Nothing was overwritten. Use another work_branch, or remove that branch. The server said: {summary}");
        }
        var words = Words(access, outcome.Error);
        throw new FailureException(
            FailureCodes.PushRejected,
            $"{access.Url} did not take the branch '{branch}': {summary}{(words.Length > 0 ? " The server said: " + words : "")}");
    }

    /// <summary>What hooks and the server printed for the person who pushes.</summary>
    private static string Words(RemoteAccess access, string error)
    {
        const string Remote = "remote:";
        var lines = error.Split('\n').Select(line => line.Trim()).Where(line => line.StartsWith(Remote, StringComparison.Ordinal));
        return GitFailures.Said(access, string.Join('\n', lines.Select(line => line[Remote.Length..])));
    }
}
