using System.Text.Json.Nodes;

namespace AiCoder.Demo;

/// <summary>A request that a <see cref="ScriptedModel"/> was sent.</summary>
/// <param name="Number">From 1, in the order of arrival.</param>
/// <param name="Path">The path with its query.</param>
/// <param name="Headers">By name, whatever the case.</param>
/// <param name="Body">The body as JSON.</param>
/// <param name="BodyBytes">The body's length in bytes.</param>
/// <param name="ReceivedAt">When it had been read.</param>
public sealed record ScriptedRequest(
    int Number,
    string Path,
    IReadOnlyDictionary<string, string> Headers,
    JsonObject Body,
    int BodyBytes,
    DateTimeOffset ReceivedAt)
{
    /// <summary>The model or deployment that was asked for.</summary>
    public string? Model => (string?)Body["model"];

    /// <summary>Whether a stream was asked for.</summary>
    public bool Stream => Body["stream"]?.GetValue<bool>() ?? false;

    /// <summary>The conversation.</summary>
    public IReadOnlyList<JsonObject> Messages => [.. Body["messages"]!.AsArray().Select(message => message!.AsObject())];

    /// <summary>The names of the tools that were offered.</summary>
    public IReadOnlyList<string> Tools =>
        Body["tools"] is JsonArray tools ? [.. tools.Select(tool => (string)tool!["function"]!["name"]!)] : [];

    /// <summary>The text of the last message.</summary>
    public string LastText => TextOf(Messages[^1]);

    /// <summary>Every message's text, for looking something up.</summary>
    public string AllText => string.Join('\n', Messages.Select(TextOf));

    /// <summary>How many answers of the model stand in the conversation: 0 on the first turn.</summary>
    public int Turn => Messages.Count(message => (string?)message["role"] == "assistant");

    /// <summary>The text of a message, whichever form its content has.</summary>
    public static string TextOf(JsonObject message) => message["content"] switch
    {
        JsonArray parts => string.Concat(parts.Select(part => (string?)part!["text"])),
        JsonValue text => text.GetValue<string>(),
        _ => "",
    };
}
