using AiCoder.Core.Tasks;

namespace AiCoder.Embedded;

public enum ResumeKind
{
    /// <summary>This host goes on with it.</summary>
    Resumed,

    /// <summary>This host has it already.</summary>
    RunningHere,

    /// <summary>Another process has it (<see cref="TaskRecord.RunBy"/>).</summary>
    RunningElsewhere,

    /// <summary>It has ended; nothing was done.</summary>
    Ended,
    NotFound,
}

/// <summary>What came of a resume.</summary>
public sealed record ResumeOutcome(ResumeKind Kind, TaskRecord? Task);
