namespace AiCoder.Core.Models;

/// <summary>One message of a conversation, in the form of OpenAI's chat completions.</summary>
/// <param name="Role"><c>system</c>, <c>user</c>, <c>assistant</c> or <c>tool</c>.</param>
/// <param name="Text">Its text; may be null where the assistant only calls tools.</param>
public sealed record ChatMessage(string Role, string? Text)
{
    /// <summary>The tools that an assistant's message calls.</summary>
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary>Which call a tool's message answers.</summary>
    public string? ToolCallId { get; init; }

    public static ChatMessage System(string text) => new("system", text);

    public static ChatMessage User(string text) => new("user", text);

    public static ChatMessage Assistant(ModelAnswer answer) => new("assistant", answer.Text) { ToolCalls = answer.ToolCalls };

    public static ChatMessage Tool(string callId, string text) => new("tool", text) { ToolCallId = callId };
}

/// <summary>A tool call as the model wrote it.</summary>
/// <param name="Id">The endpoint's id for it, or one of ours where it gave none.</param>
/// <param name="Name">The tool; may be one that there is not.</param>
/// <param name="Arguments">The arguments' text, which may not be JSON.</param>
public sealed record ToolCall(string Id, string Name, string Arguments)
{
    /// <summary>
    /// Why a call that was written as text can't be run, as the model is told; its arguments are then the text as it was written.
    /// Null: it can.
    /// </summary>
    public string? Problem { get; init; }
}
