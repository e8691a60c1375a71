using System.Globalization;
using System.Text;
using System.Text.Json;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Models;

/// <summary>
/// Puts an answer together from the chunks of a stream, or from one whole document. Reasoning text is passed over: it is not
/// part of the conversation, and endpoints refuse to be sent it back.
/// </summary>
internal sealed class AnswerBuilder
{
    private readonly StringBuilder _text = new();
    private readonly StringBuilder _refusal = new();
    private readonly List<CallParts> _calls = [];
    private string? _finishReason;
    private Usage? _usage;
    private int _reasoningLength;

    /// <summary>The endpoint said that the answer is complete.</summary>
    public bool Finished => _finishReason is not null;

    /// <summary>Anything of an answer came.</summary>
    public bool Any => _text.Length > 0 || _refusal.Length > 0 || _calls.Count > 0;

    /// <summary>Takes one chunk (<c>delta</c>) or a whole answer (<c>message</c>).</summary>
    /// <exception cref="FailureException">The chunk is an error.</exception>
    /// <exception cref="JsonException">It is no chunk at all.</exception>
    public void Add(JsonElement chunk, ModelEndpoint endpoint)
    {
        if (chunk.ValueKind != JsonValueKind.Object)
            throw new JsonException("A chunk is no JSON object.");
        if (chunk.TryGetProperty("error", out var error) && error.ValueKind is JsonValueKind.Object or JsonValueKind.String)
            throw ModelErrors.InStream(endpoint, error);
        if (chunk.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object)
            AddUsage(usage);
        if (!chunk.TryGetProperty("choices", out var choices) || choices.ValueKind != JsonValueKind.Array || choices.GetArrayLength() == 0)
            return;

        var choice = choices[0];
        if (choice.ValueKind != JsonValueKind.Object)
            return;
        if (choice.TryGetProperty("error", out error) && error.ValueKind == JsonValueKind.Object)
            throw ModelErrors.InStream(endpoint, error);
        if (choice.TryGetProperty("finish_reason", out var reason) && reason.ValueKind == JsonValueKind.String)
            _finishReason = reason.GetString();
        if (choice.TryGetProperty("delta", out var part) || choice.TryGetProperty("message", out part))
            AddPart(part);
    }

    /// <summary>The answer, with an estimate where the endpoint told no usage.</summary>
    public ModelAnswer Build(ModelRequest request) => new()
    {
        Text = ReasoningText.Strip(_text.ToString()) is { Length: > 0 } text ? text : null,
        Refusal = _refusal.Length == 0 ? null : _refusal.ToString(),
        // Ids of our own where there are none or two alike: the conversation needs to tell calls apart.
        ToolCalls = [.. _calls.Select((call, index) => new ToolCall(
            string.IsNullOrEmpty(call.Id) || _calls.Take(index).Any(other => other.Id == call.Id)
                ? string.Create(CultureInfo.InvariantCulture, $"call_{request.Messages.Count}_{index}")
                : call.Id,
            call.Name.ToString().Trim(),
            call.Arguments.Length == 0 ? "{}" : call.Arguments.ToString()))],
        FinishReason = _finishReason,
        Usage = (_usage ?? Estimate(request)) with { Turns = 1 },
    };

    private void AddPart(JsonElement part)
    {
        if (part.ValueKind != JsonValueKind.Object)
            return;
        AddContent(part);
        _refusal.Append(AiCoderJson.TextOf(part, "refusal"));
        _reasoningLength += (AiCoderJson.TextOf(part, "reasoning_content") ?? AiCoderJson.TextOf(part, "reasoning"))?.Length ?? 0;
        // The form before tool_calls: at most one call, and no id.
        if (part.TryGetProperty("function_call", out var single) && single.ValueKind == JsonValueKind.Object)
            AddFunction(_calls.LastOrDefault() ?? NewCall(0), single);
        if (!part.TryGetProperty("tool_calls", out var calls) || calls.ValueKind != JsonValueKind.Array)
            return;
        foreach (var (position, call) in calls.EnumerateArray().Index())
            AddCall(call, position);
    }

    // Text, or a list of parts; parts of other kinds are reasoning, which some endpoints send as such.
    private void AddContent(JsonElement part)
    {
        _text.Append(AiCoderJson.TextOf(part, "content"));
        if (!part.TryGetProperty("content", out var parts) || parts.ValueKind != JsonValueKind.Array)
            return;
        foreach (var item in parts.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.String)
                _text.Append(item.GetString());
            else if (item.ValueKind == JsonValueKind.Object && AiCoderJson.TextOf(item, "type") is null or "text" or "output_text")
                _text.Append(AiCoderJson.TextOf(item, "text"));
            else if (item.ValueKind == JsonValueKind.Object && AiCoderJson.TextOf(item, "type") == "refusal")
                _refusal.Append(AiCoderJson.TextOf(item, "refusal"));
            else
                _reasoningLength += item.GetRawText().Length;
        }
    }

    private CallParts NewCall(int index)
    {
        var parts = new CallParts(index);
        _calls.Add(parts);
        return parts;
    }

    private void AddCall(JsonElement call, int position)
    {
        if (call.ValueKind != JsonValueKind.Object)
            return;
        var id = AiCoderJson.TextOf(call, "id");
        var index = call.TryGetProperty("index", out var number) && number.TryGetInt32(out var given) ? given : (int?)null;
        // Some endpoints leave the index out, and some give every call the index 0: then a new id begins a new call.
        var parts = index is { } at
            ? _calls.LastOrDefault(existing => existing.Index == at)
            : id is null ? _calls.LastOrDefault() : _calls.Find(existing => existing.Id == id);
        if (parts is null || (!string.IsNullOrEmpty(id) && parts.Id.Length > 0 && parts.Id != id))
            parts = NewCall(index ?? (_calls.Count + position));

        if (!string.IsNullOrEmpty(id))
            parts.Id = id;
        if (call.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object)
            AddFunction(parts, function);
    }

    private static void AddFunction(CallParts parts, JsonElement function)
    {
        // The name comes whole and once; an endpoint that repeats it with each piece means the same call.
        if (AiCoderJson.TextOf(function, "name") is { Length: > 0 } name && parts.Name.ToString() != name)
            parts.Name.Append(name);
        if (function.TryGetProperty("arguments", out var arguments))
            parts.Arguments.Append(arguments.ValueKind switch
            {
                JsonValueKind.String => arguments.GetString(),
                JsonValueKind.Object => arguments.GetRawText(),
                _ => null,
            });
    }

    private void AddUsage(JsonElement usage)
    {
        var cached = usage.TryGetProperty("prompt_tokens_details", out var details) && details.ValueKind == JsonValueKind.Object
            ? Number(details, "cached_tokens")
            : Number(usage, "prompt_cache_hit_tokens");
        var told = new Usage
        {
            InputTokens = Number(usage, "prompt_tokens"),
            CachedInputTokens = cached,
            OutputTokens = Number(usage, "completion_tokens"),
        };
        // Endpoints that tell usage with every chunk tell the sum so far; empty ones come before it is known.
        if (told.TotalTokens > 0)
            _usage = told;
    }

    private Usage Estimate(ModelRequest request) => new()
    {
        InputTokens = request.Messages.Sum(message =>
            TokenEstimate.Of(message.Text) + message.ToolCalls.Sum(call => TokenEstimate.Of(call.Name) + TokenEstimate.Of(call.Arguments)))
            + request.Tools.Sum(tool => TokenEstimate.Of(tool.Description) + TokenEstimate.Of(tool.Parameters)),
        OutputTokens = TokenEstimate.Of(_text.ToString()) + (_reasoningLength / 4)
            + _calls.Sum(call => TokenEstimate.Of(call.Name.ToString()) + TokenEstimate.Of(call.Arguments.ToString())),
        Estimated = true,
    };

    private static long Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : 0;

    private sealed class CallParts(int index)
    {
        public int Index { get; } = index;
        public string Id { get; set; } = "";
        public StringBuilder Name { get; } = new();
        public StringBuilder Arguments { get; } = new();
    }
}
