using System.Collections.Concurrent;
using System.Text.Json;

namespace AiCoder.Core.Agent.Qwen;

/// <summary>
/// Reads the events that the agent prints (<c>--output-format stream-json</c>): what it does right now, which of its tools failed, how it
/// says that it ended. What was asked, answered and paid is known better by the gateway, through which all of it goes.
/// </summary>
/// <param name="report">Tells people what is done, one line.</param>
internal sealed class QwenStream(Action<string> report)
{
    private const int ShownLength = 120;
    private static readonly string[] TellingArguments = ["command", "file_path", "absolute_path", "path", "pattern"];

    // Far more than any limit on turns lets an agent do; what else runs there can print as much as it likes.
    private const int MostFailures = 10_000;
    private const int LongestCallId = 200;

    private readonly ConcurrentDictionary<string, bool> _failedCalls = new();

    /// <summary>How it says that it ended; null: not yet, or it said nothing.</summary>
    public QwenEnd? End { get; private set; }

    /// <summary>Whether the tool answered with an error.</summary>
    public bool HasFailed(string callId) => _failedCalls.ContainsKey(callId);

    /// <summary>Takes one line. What is no event of a known kind is passed over: warnings are printed too.</summary>
    public void Take(ReadOnlyMemory<byte> line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            Take(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // Words of a program in between, or a text that is none: half of a surrogate pair, which a model can have it print.
        }
    }

    private void Take(JsonElement json)
    {
        switch (AiCoderJson.TextOf(json, "type"))
        {
            case "assistant":
                foreach (var part in Content(json).Where(part => AiCoderJson.TextOf(part, "type") == "tool_use"))
                    report(Describe(part));
                break;
            case "user":
                foreach (var part in Content(json).Where(part => AiCoderJson.TextOf(part, "type") == "tool_result" && part.TryGetProperty("is_error", out var failed) && failed.ValueKind == JsonValueKind.True))
                    NoteFailure(AiCoderJson.TextOf(part, "tool_use_id") ?? "");
                break;
            case "system" when AiCoderJson.TextOf(json, "subtype") == "retry":
                report("waiting for the model");
                break;
            case "result":
                End = new(
                    json.TryGetProperty("is_error", out var error) && error.ValueKind == JsonValueKind.True,
                    AiCoderJson.TextOf(json, "result"),
                    json.TryGetProperty("error", out var details) ? AiCoderJson.TextOf(details, "message") : null);
                break;
        }
    }

    private void NoteFailure(string callId)
    {
        if (callId.Length <= LongestCallId && _failedCalls.Count < MostFailures)
            _failedCalls[callId] = true;
    }

    /// <summary>The tool and what it works on, in one line.</summary>
    private static string Describe(JsonElement call)
    {
        var what = call.TryGetProperty("input", out var input)
            ? TellingArguments.Select(name => AiCoderJson.TextOf(input, name)).FirstOrDefault(value => !string.IsNullOrEmpty(value))
            : null;
        return TextLimit.Cut($"{AiCoderJson.TextOf(call, "name")} {what?.ReplaceLineEndings(" ")}".TrimEnd(), ShownLength);
    }

    private static JsonElement[] Content(JsonElement json) =>
        json.TryGetProperty("message", out var message) && message.ValueKind == JsonValueKind.Object
            && message.TryGetProperty("content", out var content) && content.ValueKind == JsonValueKind.Array
            ? [.. content.EnumerateArray().Where(part => part.ValueKind == JsonValueKind.Object)]
            : [];
}

/// <summary>The agent's last word.</summary>
/// <param name="Failed">It says that it failed.</param>
/// <param name="Text">Its summary.</param>
/// <param name="Error">What went wrong, in its words.</param>
internal sealed record QwenEnd(bool Failed, string? Text, string? Error);
