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
}
