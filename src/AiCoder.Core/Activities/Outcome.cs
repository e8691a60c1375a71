using AiCoder.Core.Failures;

namespace AiCoder.Core.Activities;

/// <summary>What an activity hands back: a value, a failure, or that it was cancelled. Exactly one of the three.</summary>
public sealed record Outcome<T>
    where T : class
{
    public T? Value { get; init; }
    public Failure? Failure { get; init; }

    /// <summary>The task was cancelled while the activity ran.</summary>
    public bool Cancelled { get; init; }
}
