using AiCoder.Core.Tasks;

namespace AiCoder.Core.Models;

/// <summary>What a model's tokens cost. A model that is not listed has no known price.</summary>
/// <param name="overrides">The operator's own prices by model name; they come before the built-in ones.</param>
public sealed class ModelPrices(IReadOnlyDictionary<string, ModelPrice>? overrides = null)
{
    // List prices of the vendors' own services, US dollars for a million tokens, as published in 2025.
    private static readonly Dictionary<string, ModelPrice> BuiltIn = new(StringComparer.OrdinalIgnoreCase)
    {
        ["gpt-4o"] = new(2.50m, 1.25m, 10m),
        ["gpt-4o-mini"] = new(0.15m, 0.075m, 0.60m),
        ["gpt-4.1"] = new(2m, 0.50m, 8m),
        ["gpt-4.1-mini"] = new(0.40m, 0.10m, 1.60m),
        ["gpt-4.1-nano"] = new(0.10m, 0.025m, 0.40m),
        ["gpt-5"] = new(1.25m, 0.125m, 10m),
        ["gpt-5-mini"] = new(0.25m, 0.025m, 2m),
        ["gpt-5-nano"] = new(0.05m, 0.005m, 0.40m),
        ["o3"] = new(2m, 0.50m, 8m),
        ["o4-mini"] = new(1.10m, 0.275m, 4.40m),
        ["qwen3-coder-plus"] = new(1m, 0.10m, 5m),
        ["qwen3-coder-flash"] = new(0.30m, 0.03m, 1.50m),
        ["qwen-plus"] = new(0.40m, 0.16m, 1.20m),
        ["qwen-max"] = new(1.60m, 0.64m, 6.40m),
        ["deepseek-chat"] = new(0.28m, 0.028m, 0.42m),
    };

    /// <summary>The price of a model, or of the model whose dated version it is (<c>gpt-4o-2024-11-20</c>); null: not known.</summary>
    public ModelPrice? Find(string model) => Find(overrides, model) ?? Find(BuiltIn, model);

    /// <summary>What an operator does about a model whose price is not known, in a sentence.</summary>
    internal static string HowToSet(string model) =>
        "Set MODEL_PRICES to its price in US dollars for a million tokens, like {\"" + model + "\": {\"input\": 1.0, \"cached_input\": 0.1, \"output\": 5.0}}.";

    /// <summary>The usage with its cost; null cost where the price is not known.</summary>
    public Usage Priced(string model, Usage usage) => usage with { CostUsd = Find(model)?.CostOf(usage) };

    private static ModelPrice? Find(IReadOnlyDictionary<string, ModelPrice>? prices, string model)
    {
        if (prices is null)
            return null;
        if (prices.TryGetValue(model, out var price))
            return price;
        // Only a date may follow: `gpt-4o-audio` is another model at another price.
        return prices
            .Where(entry => model.Length > entry.Key.Length + 1
                && model.StartsWith(entry.Key + "-", StringComparison.OrdinalIgnoreCase)
                && model[(entry.Key.Length + 1)..].All(character => char.IsAsciiDigit(character) || character == '-'))
            .OrderByDescending(entry => entry.Key.Length)
            .Select(entry => entry.Value)
            .FirstOrDefault();
    }
}

/// <summary>US dollars for a million tokens.</summary>
/// <param name="Input">Input that was not cached.</param>
/// <param name="CachedInput">Input that the endpoint served from its cache.</param>
/// <param name="Output">Output, reasoning included.</param>
public sealed record ModelPrice(decimal Input, decimal CachedInput, decimal Output)
{
    public decimal CostOf(Usage usage) =>
        (((usage.InputTokens - usage.CachedInputTokens) * Input) + (usage.CachedInputTokens * CachedInput) + (usage.OutputTokens * Output))
        / 1_000_000m;
}
