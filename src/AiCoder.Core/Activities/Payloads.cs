using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Activities;

// The inputs and outputs of the six activities. They are stored in clear in the journal or task hub, so they hold no secret and
// nothing large: diffs, transcripts and files stay in the workspace and are named by the id of a snapshot tree.

public sealed record CloneInput(TaskSpec Spec);

/// <param name="BaseBranch">The branch that was cloned.</param>
/// <param name="BaseCommit">Its head.</param>
/// <param name="Tree">The base commit's tree, which is the first snapshot.</param>
/// <param name="RemoteWorkCommit">What the work branch is at on the remote, where it exists there already; the push's lease.</param>
/// <param name="Notes">Submodules and LFS files that were left alone.</param>
/// <param name="FromCache">Whether objects of an earlier clone were reused.</param>
public sealed record CloneOutput(
    string BaseBranch,
    string BaseCommit,
    string Tree,
    string? RemoteWorkCommit,
    IReadOnlyList<string> Notes,
    bool FromCache);

public sealed record AnalyzeInput(TaskSpec Spec, CloneOutput Source);

/// <param name="Plan">What the model means to do; empty where analysis failed.</param>
/// <param name="Usage">What analysis cost.</param>
/// <param name="Failure">Why there is no plan, where that is known for good; what it cost stands all the same.</param>
public sealed record AnalyzeOutput(Plan Plan, Usage Usage, Failure? Failure = null);

/// <param name="Spec">The task.</param>
/// <param name="Source">What was cloned.</param>
/// <param name="Plan">What the model means to do.</param>
/// <param name="Iteration">From 1; each failed validation begins another.</param>
/// <param name="Batch">From 1 within an iteration; one call of the activity.</param>
/// <param name="Tree">The snapshot to start from, where the transcript knows no later one.</param>
/// <param name="Feedback">The failed validation that this iteration is to mend.</param>
/// <param name="Analysis">What analysis cost, which counts against the limits.</param>
public sealed record CodeInput(
    TaskSpec Spec,
    CloneOutput Source,
    Plan Plan,
    int Iteration,
    int Batch,
    string Tree,
    TestResults? Feedback,
    Usage Analysis)
{
    /// <summary>When the task's time is used up (UTC): coding ends itself then with <c>code/limit_time</c>, its work kept.</summary>
    public DateTime? Deadline { get; init; }
}

/// <param name="Done">The model said it was finished; otherwise the workflow calls again with the next batch.</param>
/// <param name="Tree">The snapshot after the last turn.</param>
/// <param name="Changes">Against the base, in the form of <see cref="TaskResult.Changes"/>.</param>
/// <param name="Summary">The model's words about what it did, once done.</param>
/// <param name="Usage">What coding cost in all iterations and batches so far.</param>
/// <param name="Notes">What a reader should know: refused CI changes, refused paths.</param>
/// <param name="Failure">
/// Why coding ended without success (a limit, stuck, no changes); tree, changes and usage stand all the same.
/// </param>
public sealed record CodeOutput(
    bool Done,
    string Tree,
    IReadOnlyList<string> Changes,
    string? Summary,
    Usage Usage,
    IReadOnlyList<string> Notes,
    Failure? Failure = null);

[JsonConverter(typeof(WireNameConverter<ValidationPurpose>))]
public enum ValidationPurpose
{
    /// <summary>Prepare, then the tests on the untouched clone.</summary>
    Baseline,

    /// <summary>Syntax checks and tests on the changes.</summary>
    Changes,
}

/// <param name="Spec">The task.</param>
/// <param name="Source">What was cloned.</param>
/// <param name="Purpose">Which of the two runs this is.</param>
/// <param name="Tree">The snapshot to validate.</param>
/// <param name="Baseline">The untouched clone's results, for <see cref="ValidationPurpose.Changes"/>.</param>
public sealed record ValidateInput(TaskSpec Spec, CloneOutput Source, ValidationPurpose Purpose, string Tree, TestResults? Baseline);

public sealed record ValidateOutput(TestResults Results);

/// <param name="Spec">The task.</param>
/// <param name="Source">What was cloned.</param>
/// <param name="Plan">What was meant, for the message and for naming files outside of it.</param>
/// <param name="Tree">The snapshot that becomes the commit's tree.</param>
/// <param name="Summary">The model's words.</param>
/// <param name="Results">How it was validated.</param>
/// <param name="Notes">What the earlier steps noticed.</param>
/// <param name="CommittedAt">Author and committer time, so that a second run makes the same commit.</param>
/// <param name="Draft">Validation failed and the pull request is to say so.</param>
public sealed record CommitInput(
    TaskSpec Spec,
    CloneOutput Source,
    Plan Plan,
    string Tree,
    string? Summary,
    TestResults Results,
    IReadOnlyList<string> Notes,
    DateTime CommittedAt,
    bool Draft);

public sealed record CommitOutput(
    string CommitHash,
    IReadOnlyList<string> Changes,
    PushResult Push,
    PullRequestResult? PullRequest,
    IReadOnlyList<string> Notes);

/// <param name="Url">The task's webhook; null: the operator's.</param>
/// <param name="Event">What to deliver.</param>
/// <param name="Attempt">From 1.</param>
/// <param name="Deliver">False: nobody wants it, and it is only to be recorded with the others.</param>
public sealed record NotifyInput(string? Url, TaskEvent Event, int Attempt, bool Deliver = true);

/// <param name="Stop">The receiver wants no more events (410 Gone).</param>
public sealed record NotifyOutput(bool Stop);
