using AiCoder.Core.Tasks;

namespace AiCoder.Core.Models;

/// <summary>A complete answer of the model.</summary>
public sealed record ModelAnswer
{
    public string? Text { get; init; }
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary><c>stop</c>, <c>tool_calls</c>, <c>length</c>, <c>content_filter</c>, or null where the endpoint did not say.</summary>
    public string? FinishReason { get; init; }

    /// <summary>One turn and what it cost.</summary>
    public Usage Usage { get; init; } = Usage.Zero;

    /// <summary>It was cut off at the endpoint's length limit; the last tool call is then not whole.</summary>
    public bool CutOff => FinishReason == "length";

    /// <summary>Neither words nor calls.</summary>
    public bool Empty => ToolCalls.Count == 0 && string.IsNullOrWhiteSpace(Text);
}
