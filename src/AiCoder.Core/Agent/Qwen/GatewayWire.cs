using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using AiCoder.Core.Models;

namespace AiCoder.Core.Agent.Qwen;

/// <summary>
/// Chat completions as a client of ours speaks them: its requests read into our own form, our answers written in its. What a request
/// says about temperature and lengths is left out, as in our own: each model's defaults are meant for it.
/// </summary>
internal static class GatewayWire
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Reads a request's body.</summary>
    /// <exception cref="JsonException">It is no request for a chat completion.</exception>
    public static (ModelRequest Request, bool Stream) Read(ReadOnlyMemory<byte> body)
    {
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("messages", out var messages) || messages.ValueKind != JsonValueKind.Array)
            throw new JsonException("The request has no messages.");
        var request = new ModelRequest
        {
            Messages = [.. messages.EnumerateArray().Select(Message)],
            Tools = root.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array
                ? [.. tools.EnumerateArray().Select(Tool).OfType<ToolDefinition>()]
                : [],
        };
        return (request, root.TryGetProperty("stream", out var stream) && stream.ValueKind == JsonValueKind.True);
    }

    /// <summary>An answer as the events of a stream.</summary>
    public static string Stream(ModelAnswer answer, string model)
    {
        var calls = Calls(answer);
        var text = new StringBuilder();
        if (answer.Text is not null || calls.Count == 0)
            text.Append(Event(model, json => json.WriteString("content", answer.Text ?? ""), null, null));
        foreach (var (index, call) in calls.Index())
            text.Append(Event(model, json => WriteCalls(json, [call], index), null, null));
        text.Append(Event(model, _ => { }, FinishReason(answer, calls), null));
        text.Append(Event(model, null, null, answer));
        return text.Append("data: [DONE]\n\n").ToString();
    }

    /// <summary>An event that says nothing yet, so that whoever waits knows that somebody is there.</summary>
    public static string Waiting(string model) => Event(model, json => json.WriteString("content", ""), null, null);

    /// <summary>An answer as one document.</summary>
    public static string Whole(ModelAnswer answer, string model) => Write(json =>
    {
        var calls = Calls(answer);
        WriteHead(json, "chat.completion", model);
        json.WriteStartArray("choices");
        json.WriteStartObject();
        json.WriteNumber("index", 0);
        json.WriteStartObject("message");
        json.WriteString("role", "assistant");
        json.WriteString("content", answer.Text ?? "");
        if (calls.Count > 0)
            WriteCalls(json, calls, null);
        json.WriteEndObject();
        json.WriteString("finish_reason", FinishReason(answer, calls));
        json.WriteEndObject();
        json.WriteEndArray();
        WriteUsage(json, answer);
    });

    /// <summary>An error as OpenAI's endpoints word it.</summary>
    public static string Error(string message) => Write(json =>
    {
        json.WriteStartObject("error");
        json.WriteString("message", message);
        json.WriteString("type", "invalid_request_error");
        json.WriteEndObject();
    });

    // A call that the length limit cut through must not be run by a client that mends broken arguments.
    private static List<ToolCall> Calls(ModelAnswer answer) => answer is { CutOff: true, ToolCalls: [.., var last] } && !Tools.ToolArguments.IsWhole(last.Arguments)
        ? [.. answer.ToolCalls.SkipLast(1)]
        : [.. answer.ToolCalls];

    private static string FinishReason(ModelAnswer answer, List<ToolCall> calls) =>
        answer.CutOff ? "length" : calls.Count > 0 ? "tool_calls" : "stop";

    private static ChatMessage Message(JsonElement message)
    {
        if (message.ValueKind != JsonValueKind.Object || AiCoderJson.TextOf(message, "role") is not { } role)
            throw new JsonException("A message has no role.");
        return new(role, message.TryGetProperty("content", out var content) ? Content(content) : null)
        {
            ToolCallId = AiCoderJson.TextOf(message, "tool_call_id"),
            ToolCalls = message.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array
                ? [.. calls.EnumerateArray().Select(Call).OfType<ToolCall>()]
                : [],
        };
    }

    private static string? Content(JsonElement content) => content.ValueKind switch
    {
        JsonValueKind.String => content.GetString(),
        JsonValueKind.Array => string.Join('\n', content.EnumerateArray().Select(part =>
            part.ValueKind == JsonValueKind.String ? part.GetString() : part.ValueKind == JsonValueKind.Object ? AiCoderJson.TextOf(part, "text") ?? $"[{AiCoderJson.TextOf(part, "type") ?? "something"} left out]" : "")),
        _ => null,
    };

    private static ToolCall? Call(JsonElement call) =>
        call.ValueKind == JsonValueKind.Object && call.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object
            && AiCoderJson.TextOf(call, "id") is { } id && AiCoderJson.TextOf(function, "name") is { } name
            ? new(id, name, AiCoderJson.TextOf(function, "arguments") ?? "{}")
            : null;

    private static ToolDefinition? Tool(JsonElement tool) =>
        tool.ValueKind == JsonValueKind.Object && tool.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object
            && AiCoderJson.TextOf(function, "name") is { } name
            ? new(name, AiCoderJson.TextOf(function, "description") ?? "", function.TryGetProperty("parameters", out var parameters) ? parameters.GetRawText() : """{"type":"object","properties":{}}""")
            : null;

    private static string Event(string model, Action<Utf8JsonWriter>? delta, string? finishReason, ModelAnswer? usageOf) => $"data: {Write(json =>
    {
        WriteHead(json, "chat.completion.chunk", model);
        json.WriteStartArray("choices");
        if (delta is not null)
        {
            json.WriteStartObject();
            json.WriteNumber("index", 0);
            json.WriteStartObject("delta");
            json.WriteString("role", "assistant");
            delta(json);
            json.WriteEndObject();
            json.WriteString("finish_reason", finishReason);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (usageOf is not null)
            WriteUsage(json, usageOf);
    })}\n\n";

    private static void WriteHead(Utf8JsonWriter json, string kind, string model)
    {
        json.WriteString("id", "chatcmpl-gateway");
        json.WriteString("object", kind);
        json.WriteNumber("created", 0);
        json.WriteString("model", model);
    }

    private static void WriteCalls(Utf8JsonWriter json, IReadOnlyList<ToolCall> calls, int? index)
    {
        json.WriteStartArray("tool_calls");
        foreach (var call in calls)
        {
            json.WriteStartObject();
            if (index is { } at)
                json.WriteNumber("index", at);
            json.WriteString("id", call.Id);
            json.WriteString("type", "function");
            json.WriteStartObject("function");
            json.WriteString("name", call.Name);
            json.WriteString("arguments", call.Arguments);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteUsage(Utf8JsonWriter json, ModelAnswer answer)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", answer.Usage.InputTokens);
        json.WriteNumber("completion_tokens", answer.Usage.OutputTokens);
        json.WriteNumber("total_tokens", answer.Usage.TotalTokens);
        json.WriteStartObject("prompt_tokens_details");
        json.WriteNumber("cached_tokens", answer.Usage.CachedInputTokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }
}
