namespace AiCoder.Core.Models;

/// <summary>What all tasks of the deployment spent on a day, as far as it is known here.</summary>
/// <param name="Day">The day, UTC.</param>
/// <param name="Tokens">Input and output together.</param>
/// <param name="CostUsd">US dollars; calls whose price is not known count nothing.</param>
public sealed record DaySpending(DateOnly Day, long Tokens, decimal CostUsd)
{
    /// <summary>When the next day begins, UTC.</summary>
    public DateTime Resets => Day.AddDays(1).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc);
}
