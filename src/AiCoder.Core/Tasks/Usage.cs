namespace AiCoder.Core.Tasks;

/// <summary>What the model cost, in calls, tokens and US dollars.</summary>
public sealed record Usage
{
    public static Usage Zero { get; } = new();

    /// <summary>Answers of the model that were received.</summary>
    public int Turns { get; init; }
    public long InputTokens { get; init; }

    /// <summary>The part of <see cref="InputTokens"/> that the endpoint served from its cache.</summary>
    public long CachedInputTokens { get; init; }
    public long OutputTokens { get; init; }
    public long TotalTokens => InputTokens + OutputTokens;

    /// <summary>US dollars by the operator's price table; null where the model's price is not known.</summary>
    public decimal? CostUsd { get; init; }

    /// <summary>True where the endpoint reported no usage and tokens were estimated from the text's length.</summary>
    public bool Estimated { get; init; }

    /// <summary>The same figures by stage (<c>analyzing</c>, <c>coding</c>); null inside a stage.</summary>
    public IReadOnlyDictionary<string, Usage>? ByStage { get; init; }

    /// <summary>The sum, without <see cref="ByStage"/>.</summary>
    public static Usage operator +(Usage left, Usage right) => new()
    {
        Turns = left.Turns + right.Turns,
        InputTokens = left.InputTokens + right.InputTokens,
        CachedInputTokens = left.CachedInputTokens + right.CachedInputTokens,
        OutputTokens = left.OutputTokens + right.OutputTokens,
        CostUsd = left.CostUsd is null && right.CostUsd is null ? null : (left.CostUsd ?? 0) + (right.CostUsd ?? 0),
        Estimated = left.Estimated || right.Estimated,
    };

    public static Usage Add(Usage left, Usage right) => left + right;
}
