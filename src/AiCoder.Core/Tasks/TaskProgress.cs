namespace AiCoder.Core.Tasks;

/// <summary>Where a running task is: its custom status. Small, because Durable allows 8,192 characters.</summary>
public sealed record TaskProgress
{
    public required TaskState Status { get; init; }

    /// <summary>0 to 100; never falls.</summary>
    public int Progress { get; init; }

    /// <summary>The round of coding, from 1; 0 before.</summary>
    public int Iteration { get; init; }

    /// <summary>The number of the last event.</summary>
    public int Sequence { get; init; }

    /// <summary>What it has cost, as far as the workflow knows.</summary>
    public Usage Usage { get; init; } = Usage.Zero;

    /// <summary>
    /// Where a task is that has no result yet. The workflow says how it will end while its last events are still being delivered;
    /// whoever reads an end expects a result, so it is not said before there is one.
    /// </summary>
    public static TaskState RunningState(TaskProgress? progress) => progress?.Status switch
    {
        null => TaskState.Started,
        TaskState.Completed or TaskState.Failed or TaskState.Cancelled => TaskState.Committing,
        { } status => status,
    };
}
