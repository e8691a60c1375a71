using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Embedded.Runner;

/// <summary>Why a runner runs its task no more.</summary>
internal enum RunEndingKind
{
    /// <summary>The task has ended and its result is recorded.</summary>
    Ended,

    /// <summary>The host stops; the task goes on elsewhere or later.</summary>
    Stopped,

    /// <summary>Another process has the task.</summary>
    Lost,

    /// <summary>The journal could not be written; the task goes on when it is resumed.</summary>
    Faulted,
}

/// <param name="Kind">Why.</param>
/// <param name="Result">The result of a task that ended.</param>
/// <param name="Failure">What the journal answered.</param>
internal sealed record RunEnding(RunEndingKind Kind, TaskResult? Result = null, Failure? Failure = null);
