using System.Text.Json.Nodes;

namespace AiCoder.Testing.Api;

/// <summary>An answer of the API as it arrived.</summary>
public sealed record ApiReply(int Status, string? ContentType, string Text, Uri? Location)
{
    public JsonObject Json => JsonNode.Parse(Text)!.AsObject();

    /// <summary>The field of that name, as text.</summary>
    public string? this[string field] => Json[field]?.ToString();

    public override string ToString() => $"{Status} {ContentType}: {Text}";
}
