namespace AiCoder.Embedded.Journal;

/// <summary>A row of <c>tasks</c>. Times are unix milliseconds.</summary>
internal sealed record TaskRow(
    long Number,
    string Id,
    string Repository,
    string Spec,
    string RequestFingerprint,
    string SecretFingerprint,
    string State,
    string? CustomStatus,
    string? Result,
    long CreatedAt,
    long UpdatedAt,
    long? EndedAt,
    string? Owner,
    long Claim,
    bool HasSecrets);

/// <summary>What <see cref="TaskRow.State"/> holds. The names stand in journals and never change.</summary>
internal static class RowState
{
    /// <summary>The id is taken while the task's secrets are being put away; nobody sees the task yet.</summary>
    public const string Reserved = "reserved";

    /// <summary>
    /// Spec and secrets are safe, but whether the task is this journal's to run is decided outside of it, and the answer is not
    /// recorded yet; nobody sees the task yet.
    /// </summary>
    public const string Unconfirmed = "unconfirmed";
    public const string Pending = "pending";
    public const string Running = "running";
    public const string Completed = "completed";
    public const string Failed = "failed";
    public const string Cancelled = "cancelled";
}

/// <summary>One process's hold on a task. Every write about the task names it, and fails once the task has changed hands.</summary>
internal sealed record TaskClaim(long Task, string TaskId, string Owner, long Claim);
