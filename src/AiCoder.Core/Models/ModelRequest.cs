namespace AiCoder.Core.Models;

/// <summary>What the model is asked.</summary>
public sealed record ModelRequest
{
    public required IReadOnlyList<ChatMessage> Messages { get; init; }

    /// <summary>The tools it may call; empty: none.</summary>
    public IReadOnlyList<ToolDefinition> Tools { get; init; } = [];
}

/// <summary>A tool as the model is told of it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does, in a sentence.</param>
/// <param name="Parameters">The JSON schema of its arguments, as text.</param>
public sealed record ToolDefinition(string Name, string Description, string Parameters);
