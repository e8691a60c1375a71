using System.Text.Json;

namespace AiCoder.Core.Tasks;

/// <summary>A task as its host knows it.</summary>
public sealed record TaskRecord
{
    /// <summary>In order of arrival, on a host that numbers its tasks; else 0.</summary>
    public long Number { get; init; }
    public required string TaskId { get; init; }
    public required TaskSpec Spec { get; init; }

    /// <summary>Where it is; one of the three ends only once <see cref="Result"/> is there.</summary>
    public required TaskState State { get; init; }

    /// <summary>How far it is, where the workflow said so.</summary>
    public TaskProgress? Progress { get; init; }

    /// <summary>What the workflow shows about itself, as it gave it.</summary>
    public JsonElement? CustomStatus { get; init; }

    /// <summary>What came of it; null until it has ended.</summary>
    public TaskResult? Result { get; init; }

    /// <summary>What it has cost so far: the result's figures, or the last that were reported.</summary>
    public required Usage Usage { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When anything was last recorded about it.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>
    /// The process that has it, for people; null where none does, and then it can be resumed. A host that runs every task that has not
    /// ended names itself.
    /// </summary>
    public string? RunBy { get; init; }

    public bool HasEnded => EndedAt is not null;
}
