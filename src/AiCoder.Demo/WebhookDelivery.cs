using System.Text.Json.Nodes;

namespace AiCoder.Demo;

/// <summary>One delivery as it arrived.</summary>
/// <param name="Headers">By name, in any case.</param>
/// <param name="Body">The bytes as UTF-8.</param>
/// <param name="SignatureValid">Whether both signatures were right; null where nobody looked.</param>
/// <param name="Answer">What it was answered.</param>
public sealed record WebhookDelivery(IReadOnlyDictionary<string, string> Headers, string Body, bool? SignatureValid, WebhookAnswer Answer)
{
    /// <summary>The body as JSON.</summary>
    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();
    public string Status => (string)Json["status"]!;
    public int Sequence => (int)Json["data"]!["sequence"]!;
    public string Id => Headers["webhook-id"];
}

/// <summary>What the receiver answers.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Hang">Never answer.</param>
/// <param name="Abort">Break the connection.</param>
/// <param name="Headers">Headers besides.</param>
public sealed record WebhookAnswer(int Status, bool Hang = false, bool Abort = false, IReadOnlyDictionary<string, string>? Headers = null);
