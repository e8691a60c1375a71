namespace AiCoder.Core.Processes;

/// <summary>How a process ended.</summary>
/// <param name="ExitCode">Null where it was ended by a bound; 128 + the signal's number where a signal ended it.</param>
/// <param name="StandardOutput">Head and tail of what it printed.</param>
/// <param name="StandardError">Head and tail; empty with <see cref="ProcessSpec.MergeOutput"/>.</param>
/// <param name="Duration">From start until the last process of its tree was gone.</param>
/// <param name="Ending">By itself, or by which bound.</param>
public sealed record ProcessOutcome(
    int? ExitCode,
    string StandardOutput,
    string StandardError,
    TimeSpan Duration,
    ProcessEnding Ending);

/// <summary>What ended a process.</summary>
public enum ProcessEnding
{
    Exited,
    TimedOut,

    /// <summary>It printed nothing for <see cref="ProcessSpec.IdleTimeout"/>.</summary>
    IdleTimedOut,

    /// <summary>It went past <see cref="ProcessSpec.TotalOutputLimit"/>.</summary>
    TooMuchOutput,

    /// <summary>It went past <see cref="TreeLimits.MemoryBytes"/>.</summary>
    OutOfMemory,

    /// <summary>It went past <see cref="TreeLimits.MaxProcesses"/>.</summary>
    TooManyProcesses,
}
