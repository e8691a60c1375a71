using AiCoder.Core.Models;

namespace AiCoder.Core.Agent.TextForm;

/// <summary>What stands in an answer that has its calls in its text.</summary>
/// <param name="Words">What is no call; null: nothing.</param>
/// <param name="Calls">The calls in order; those that can't be run say why.</param>
internal sealed record TextAnswer(string? Words, IReadOnlyList<ToolCall> Calls);
