using System.Text.RegularExpressions;
using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Commits;

/// <summary>Which branches are never pushed to, whatever a request says.</summary>
public static partial class WorkBranchPolicy
{
    /// <summary>Why a name can't be a work branch, in a sentence; null: it can.</summary>
    public static string? ProblemOf(string workBranch) =>
        ProtectedName().IsMatch(workBranch)
            ? $"'{workBranch}' is by its name a branch that people release or build on; AiCoder pushes only to a branch of its own. Set work_branch to another name, or leave it out."
            : null;

    /// <summary>
    /// Whether the task may push its branch. One that was on the remote before, with commits that are not in the base, is somebody's
    /// work and is not overwritten; <c>ai/&lt;task_id&gt;</c> is the task's own, left by an earlier run.
    /// </summary>
    /// <exception cref="FailureException"><c>code/push_rejected</c> or <c>code/push_conflict</c>.</exception>
    public static void Require(TaskSpec spec, CloneOutput source)
    {
        if (ProblemOf(spec.WorkBranch) is { } problem)
            throw new FailureException(FailureCodes.PushRejected, problem);
        if (spec.WorkBranch == source.BaseBranch)
        {
            throw new FailureException(
                FailureCodes.PushRejected,
                $"The work branch '{spec.WorkBranch}' is the branch the task started from; nothing is pushed there. Set work_branch to another name.");
        }

        if (source.RemoteWorkCommit is { } there && there != source.BaseCommit && spec.WorkBranch != $"ai/{spec.TaskId}")
        {
            throw new FailureException(
                FailureCodes.PushConflict,
                $"The branch '{spec.WorkBranch}' is on the remote already, with commits that are not in '{source.BaseBranch}' ({there[..8]}); they are not overwritten. Set work_branch to another name, or remove that branch.");
        }
    }

    [GeneratedRegex(@"^(?:main|master|trunk|develop|development|stable|staging|prod|production|release|(?:releases?|support)/.*|release[-_.]?v?\d.*)$", RegexOptions.IgnoreCase)]
    private static partial Regex ProtectedName();
}
