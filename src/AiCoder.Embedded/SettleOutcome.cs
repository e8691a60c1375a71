namespace AiCoder.Embedded;

/// <summary>What came of settling the tasks that were left unconfirmed.</summary>
/// <param name="Started">How many the host runs now that it did not run before.</param>
/// <param name="Open">Those that could not be decided about.</param>
public sealed record SettleOutcome(int Started, IReadOnlyList<UnsettledTask> Open);

/// <summary>A task that could not be decided about.</summary>
/// <param name="TaskId">Which.</param>
/// <param name="Reason">What came in between.</param>
public sealed record UnsettledTask(string TaskId, Exception Reason);
