using AiCoder.Core.Failures;

namespace AiCoder.Core.Activities;

/// <summary>
/// How often and after what pause each activity is tried again. The one place with these numbers (specification, section 8:
/// git 3 tries, API calls exponential, webhook 5).
/// </summary>
public static class RetryTable
{
    private static readonly Dictionary<string, RetryPolicy> Policies = new()
    {
        [ActivityNames.Clone] = new(Tries: 3, First: TimeSpan.FromSeconds(2), Longest: TimeSpan.FromSeconds(30)),
        [ActivityNames.Commit] = new(Tries: 3, First: TimeSpan.FromSeconds(2), Longest: TimeSpan.FromSeconds(30)),
        // The tries of what else may go wrong on the way to a model; one that is busy is not counted.
        [ActivityNames.Analyze] = new(Tries: 30, First: TimeSpan.FromSeconds(1), Longest: TimeSpan.FromMinutes(1)),
        [ActivityNames.Code] = new(Tries: 30, First: TimeSpan.FromSeconds(1), Longest: TimeSpan.FromMinutes(1)),
        [ActivityNames.Validate] = new(Tries: 3, First: TimeSpan.FromSeconds(2), Longest: TimeSpan.FromSeconds(30)),
        [ActivityNames.Notify] = new(Tries: 5, First: TimeSpan.FromSeconds(1), Longest: TimeSpan.FromSeconds(30)),
    };

    // A wrong address refuses for ever; it should not take as long as a model that is overloaded may.
    private static readonly HashSet<string> Unreachable = [FailureCodes.HostNotFound, FailureCodes.Refused];
    private const int UnreachableTries = 4;

    // A model that says it is busy is waited for as long as the task has time, however often it says so.
    private static readonly HashSet<string> Busy = [FailureCodes.RateLimited, FailureCodes.ServerError];
    private static readonly HashSet<string> AskModel = [ActivityNames.Analyze, ActivityNames.Code];

    // The longest that a server may ask us to wait; beyond it the task's other bounds decide.
    private static readonly TimeSpan LongestRetryAfter = TimeSpan.FromMinutes(10);

    /// <summary>
    /// The pause before the next try; null: no further try. The tries at a busy model have no end of their own: the caller ends them
    /// with the task's time.
    /// </summary>
    /// <param name="activity">Which activity failed.</param>
    /// <param name="failure">With what.</param>
    /// <param name="attempt">The try that failed, from 1.</param>
    /// <param name="seed">Spreads the pauses of many tasks; the same on every replay.</param>
    public static TimeSpan? NextDelay(string activity, Failure failure, int attempt, string seed)
    {
        var policy = Policies[activity];
        var tries = Unreachable.Contains(failure.Code) ? Math.Min(policy.Tries, UnreachableTries) : policy.Tries;
        var counted = !(AskModel.Contains(activity) && Busy.Contains(failure.Code));
        if (!failure.Retryable || (counted && attempt >= tries))
            return null;

        var exponential = Math.Min(policy.First.TotalSeconds * Math.Pow(2, attempt - 1), policy.Longest.TotalSeconds);
        var jittered = exponential * (0.75 + (0.5 * Fraction($"{seed}/{activity}/{attempt}")));
        var asked = Math.Min(failure.RetryAfter ?? 0, LongestRetryAfter.TotalSeconds);
        return TimeSpan.FromSeconds(Math.Max(jittered, asked));
    }

    // FNV-1a: string.GetHashCode differs from process to process, and a replay must wait alike.
    private static double Fraction(string text)
    {
        var hash = text.Aggregate(2166136261u, (current, character) => unchecked((current ^ character) * 16777619u));
        return hash / (double)uint.MaxValue;
    }

    private sealed record RetryPolicy(int Tries, TimeSpan First, TimeSpan Longest);
}
