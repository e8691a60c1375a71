namespace AiCoder.Core.Failures;

/// <summary>
/// Carries a <see cref="Failures.Failure"/> up to the one place that turns exceptions into data
/// (<see cref="Activities.ActivitySet"/>). Never crosses a host boundary.
/// </summary>
public sealed class FailureException : Exception
{
    public FailureException(Failure failure, Exception? inner = null)
        : base(failure.ToString(), inner) => Failure = failure;

    public FailureException(string code, string message, Exception? inner = null)
        : this(Failure.Of(code, message), inner)
    {
    }

    public Failure Failure { get; }
}
