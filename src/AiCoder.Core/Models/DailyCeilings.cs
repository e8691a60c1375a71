using System.Globalization;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Network;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Models;

/// <summary>
/// DAILY_MAX_TOKENS and DAILY_MAX_COST_USD: what all tasks together may spend on a UTC day. Whoever asks the operator's model calls
/// <see cref="RequirePrice"/> once, <see cref="CheckAsync"/> before each call and <see cref="RecordAsync"/> after each answer.
/// A caller's own endpoint is neither bounded nor counted: another pays for it, and what it says about usage is its word only.
/// </summary>
public sealed class DailyCeilings(AiCoderOptions options, SpendingLedger ledger)
{
    /// <summary>Refuses a model whose price is not known where a ceiling on cost is to be kept.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>, naming MODEL_PRICES.</exception>
    public void RequirePrice(ModelEndpoint endpoint, ModelPrice? price)
    {
        if (options.DailyMaxCostUsd is not null && price is null && IsCounted(endpoint))
        {
            throw new FailureException(
                FailureCodes.Configuration,
                $"The price of the model '{endpoint.Model}' is not known, so the operator's daily ceiling on cost (DAILY_MAX_COST_USD) can't be kept. {ModelPrices.HowToSet(endpoint.Model)}");
        }
    }

    /// <summary>Why no further call may be made today; null: it may.</summary>
    /// <param name="endpoint">Which is to be asked.</param>
    /// <param name="last">What the call before cost, which the next will at least; <see cref="Usage.Zero"/>: there was none.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns><c>limit_tokens</c> or <c>limit_cost</c>, saying whose ceiling it is and when it begins anew.</returns>
    /// <exception cref="FailureException"><c>storage_unavailable</c>: what was spent can't be known.</exception>
    public async Task<Failure?> CheckAsync(ModelEndpoint endpoint, Usage last, CancellationToken cancellationToken)
    {
        if (options is { DailyMaxTokens: null, DailyMaxCostUsd: null } || !IsCounted(endpoint))
            return null;
        var spent = await ledger.SumAsync(cancellationToken).ConfigureAwait(false);
        if (options.DailyMaxTokens is { } tokens && spent.Tokens + last.InputTokens >= tokens)
            return Reached(FailureCodes.LimitTokens, $"{tokens} tokens", "DAILY_MAX_TOKENS", spent);
        if (options.DailyMaxCostUsd is { } cost && spent.CostUsd + (last.CostUsd ?? 0) >= cost)
            return Reached(FailureCodes.LimitCost, $"{cost:0.####} US dollars", "DAILY_MAX_COST_USD", spent);
        return null;
    }

    /// <summary>Counts what an answer cost. Never fails, so that no answer that was paid is lost.</summary>
    public Task RecordAsync(ModelEndpoint endpoint, Usage spent) => IsCounted(endpoint) ? ledger.AddAsync(spent) : Task.CompletedTask;

    private static bool IsCounted(ModelEndpoint endpoint) => endpoint.Trust == AddressTrust.Operator;

    private static Failure Reached(string code, FormattableString ceiling, string variable, DaySpending spent) => Failure.Of(
        code,
        string.Create(
            CultureInfo.InvariantCulture,
            $"The operator's daily ceiling for all tasks together, {ceiling.ToString(CultureInfo.InvariantCulture)} ({variable}), is reached; it begins anew at {spent.Resets:yyyy-MM-dd HH:mm} UTC. What was done is kept in the workspace; nothing was pushed."));
}
