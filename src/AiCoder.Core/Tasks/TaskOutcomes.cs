namespace AiCoder.Core.Tasks;

public enum StartKind
{
    /// <summary>The task is new and runs, or waits for its turn.</summary>
    Started,

    /// <summary>The same task was there already.</summary>
    Same,

    /// <summary>Another task has this id.</summary>
    Conflict,
}

/// <summary>What came of a start.</summary>
/// <param name="Kind">Which of the three.</param>
/// <param name="Task">The task that has the id now.</param>
/// <param name="Differences">What differs in a conflict: names of the request's fields; else empty.</param>
public sealed record StartOutcome(StartKind Kind, TaskRecord Task, IReadOnlyList<string> Differences);

public enum CancelOutcome
{
    /// <summary>Whoever runs the task ends it within a second or so.</summary>
    Requested,

    /// <summary>Nobody ran it, and it has ended with this call.</summary>
    Cancelled,

    /// <summary>It had ended before; nothing was done.</summary>
    AlreadyEnded,
    NotFound,
}

public enum SendOutcome
{
    /// <summary>It is kept, and will reach the task.</summary>
    Sent,

    /// <summary>The task has ended; nothing was sent.</summary>
    AlreadyEnded,

    /// <summary>The task was sent as many as it takes; nothing was sent.</summary>
    TooMany,
    NotFound,
}

public enum DeleteOutcome
{
    Deleted,

    /// <summary>It has not ended, or somebody still holds it; cancel it first.</summary>
    Running,
    NotFound,
}
