using System.Text.Json;
using System.Text.Json.Nodes;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Webhooks;

/// <summary>The body of a delivery: the event without secrets, at most 256 KB; the same event gives the same bytes.</summary>
public static class WebhookBody
{
    /// <summary>The most a body may have.</summary>
    public const int MaxBytes = 256 * 1024;

    // Long parts are cut to these lengths in turn (characters of a text, entries of a list) until the body fits.
    private static readonly int[] Cuts = [64 * 1024, 16 * 1024, 4 * 1024, 1024, 256, 64, 16];

    /// <summary>
    /// Writes the event. Where it was too long, <c>data.truncated</c> is true and what was cut says so at its end.
    /// </summary>
    public static byte[] Create(TaskEvent taskEvent, SecretRedactor redactor)
    {
        var safe = taskEvent with
        {
            Timestamp = taskEvent.Timestamp.Kind == DateTimeKind.Unspecified
                ? DateTime.SpecifyKind(taskEvent.Timestamp, DateTimeKind.Utc)
                : taskEvent.Timestamp.ToUniversalTime(),
            Data = (JsonObject)Map(taskEvent.Data, redactor.Redact, int.MaxValue)!,
        };
        var body = Serialize(safe);
        for (var round = 0; body.Length > MaxBytes && round < Cuts.Length; round++)
        {
            var most = Cuts[round];
            var data = (JsonObject)Map(safe.Data, text => Cut(text, most), most)!;
            data["truncated"] = true;
            body = Serialize(safe with { Data = data });
        }

        return body.Length <= MaxBytes ? body : Serialize(safe with { Data = Essence(safe.Data) });
    }

    private static byte[] Serialize(TaskEvent taskEvent) => JsonSerializer.SerializeToUtf8Bytes(taskEvent, AiCoderJson.Options);

    // Nothing of ours gets here; metadata of thousands of names might.
    private static JsonObject Essence(JsonObject data) => new()
    {
        ["progress"] = data["progress"]?.DeepClone(),
        ["sequence"] = data["sequence"]?.DeepClone(),
        ["truncated"] = true,
    };

    private static JsonNode? Map(JsonNode? node, Func<string, string> text, int longestList)
    {
        switch (node)
        {
            case JsonObject parts:
                return new JsonObject(parts.Select(part => KeyValuePair.Create(text(part.Key), Map(part.Value, text, longestList))).DistinctBy(part => part.Key));
            case JsonArray entries:
                var kept = new JsonArray([.. entries.Take(longestList).Select(entry => Map(entry, text, longestList))]);
                // A list of objects must stay one, so only lists of text say how many were cut.
                if (entries.Count > longestList && entries[0]?.GetValueKind() == JsonValueKind.String)
                    kept.Add($"… [truncated: {entries.Count - longestList} more]");
                return kept;
            case JsonValue value when value.TryGetValue<string>(out var content):
                return text(content);
            default:
                return node?.DeepClone();
        }
    }

    private static string Cut(string text, int most)
    {
        if (text.Length <= most)
            return text;
        var end = char.IsHighSurrogate(text[most - 1]) ? most - 1 : most;
        return $"{text[..end]} … [truncated: {text.Length - end} more characters]";
    }
}
