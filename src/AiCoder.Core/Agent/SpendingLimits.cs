using System.Globalization;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Agent;

/// <summary>What a task may spend on the model, looked at before every call.</summary>
/// <param name="limits">The request's limits.</param>
internal sealed class SpendingLimits(TaskLimits limits)
{
    private const string Kept = "What was done is kept in the workspace; nothing was pushed.";

    /// <summary>Refuses a limit on cost, the request's or the operator's daily one, that can't be kept.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>: the model's price is not known.</exception>
    public void Check(ModelClient model)
    {
        if (limits.MaxCostUsd is not null && model.Price is null)
            throw new FailureException(
                FailureCodes.Configuration,
                $"The price of the model '{model.Endpoint.Model}' is not known, so limits.max_cost_usd can't be kept. {ModelPrices.HowToSet(model.Endpoint.Model)} Or use limits.max_tokens instead.");
        model.RequirePrice();
    }

    /// <summary>Why no further call may be made; null: it may.</summary>
    /// <param name="spent">What the task spent in all stages.</param>
    /// <param name="coding">What of it coding spent, whose turns are counted.</param>
    /// <param name="last">What the last call cost, which the next will at least: the conversation only grows.</param>
    public Failure? Exceeded(Usage spent, Usage coding, Usage last)
    {
        if (coding.Turns >= (limits.MaxTurns ?? TaskLimits.DefaultTurns))
            return Failed(FailureCodes.LimitTurns, $"Coding used up its {limits.MaxTurns ?? TaskLimits.DefaultTurns} turns (limits.max_turns).");
        if (limits.MaxTokens is { } tokens && spent.TotalTokens + last.InputTokens >= tokens)
            return Failed(FailureCodes.LimitTokens, $"The task spent {spent.TotalTokens} tokens, and the next call would pass its {tokens} (limits.max_tokens).");
        if (limits.MaxCostUsd is { } cost && (spent.CostUsd ?? 0) + (last.CostUsd ?? 0) >= cost)
            return Failed(FailureCodes.LimitCost, $"The task spent {spent.CostUsd ?? 0:0.####} US dollars, and the next call would pass its {cost:0.####} (limits.max_cost_usd).");
        return null;
    }

    /// <summary>The task's time is used up.</summary>
    public Failure OutOfTime() => Failed(FailureCodes.LimitTime, $"The task used up its {limits.MaxMinutes ?? TaskLimits.DefaultMinutes} minutes (limits.max_minutes).");

    private static Failure Failed(string code, FormattableString message) =>
        Failure.Of(code, $"{message.ToString(CultureInfo.InvariantCulture)} {Kept}");
}
