namespace AiCoder.Core.Failures;

/// <summary>
/// Why something could not be done, as data: it crosses processes, hosts and restarts where an exception would lose its type.
/// </summary>
/// <param name="Category">One of the four kinds of the specification.</param>
/// <param name="Code">A code of <see cref="FailureCodes"/>.</param>
/// <param name="Message">What went wrong, where, and what to do, for a person. Holds no secret.</param>
/// <param name="Retryable">Whether another try may succeed.</param>
/// <param name="RetryAfter">Seconds that the other side asked us to wait, where it said so.</param>
public sealed record Failure(FailureCategory Category, string Code, string Message, bool Retryable, double? RetryAfter = null)
{
    /// <summary>A failure whose category and retryability come from the table.</summary>
    public static Failure Of(string code, string message, TimeSpan? retryAfter = null) =>
        new(FailureCodes.CategoryOf(code), code, message, FailureCodes.IsRetryable(code), retryAfter?.TotalSeconds);

    /// <summary><c>category/code: message</c>, as people read it.</summary>
    public override string ToString() => $"{Category.ToString().ToLowerInvariant()}/{Code}: {Message}";
}
