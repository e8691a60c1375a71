using System.Globalization;
using System.Text.Json.Nodes;

namespace AiCoder.Demo;

/// <summary>A scripted answer in the forms that OpenAI's chat completions have on the wire.</summary>
internal static class ScriptedWire
{
    // Text and arguments come in pieces of this many characters, so that whoever reads them has to put them together.
    private const int PieceLength = 40;

    /// <summary>The answer as one JSON document.</summary>
    public static string Whole(ScriptedReply reply, int number)
    {
        var message = new JsonObject { ["role"] = "assistant", ["content"] = reply.Text };
        if (reply.Reasoning is not null)
            message["reasoning_content"] = reply.Reasoning;
        if (reply.ToolCalls.Count > 0)
            message["tool_calls"] = new JsonArray([.. reply.ToolCalls.Select((call, index) => Call(call, index, number))]);
        var document = Envelope("chat.completion", number);
        document["choices"] = new JsonArray(
            new JsonObject { ["index"] = 0, ["message"] = message, ["finish_reason"] = FinishReason(reply) });
        if (reply.Usage is not null)
            document["usage"] = Usage(reply.Usage);
        return document.ToJsonString(ScriptedModel.Json);
    }

    /// <summary>The answer as the events of a stream.</summary>
    public static IReadOnlyList<string> Events(ScriptedReply reply, ScriptedRequest request)
    {
        var events = new List<string> { Chunk(new JsonObject { ["role"] = "assistant", ["content"] = "" }) };
        events.AddRange(Pieces(reply.Reasoning).Select(piece => Chunk(new JsonObject { ["reasoning_content"] = piece })));
        events.AddRange(Pieces(reply.Text).Select(piece => Chunk(new JsonObject { ["content"] = piece })));
        foreach (var (index, call) in reply.ToolCalls.Index())
        {
            var first = Call(call with { Arguments = "" }, index, request.Number);
            first["index"] = index;
            events.Add(Chunk(new JsonObject { ["tool_calls"] = new JsonArray(first) }));
            events.AddRange(Pieces(call.Arguments).Select(piece => Chunk(new JsonObject
            {
                ["tool_calls"] = new JsonArray(
                    new JsonObject { ["index"] = index, ["function"] = new JsonObject { ["arguments"] = piece } }),
            })));
        }

        events.Add(Chunk([], FinishReason(reply)));
        if (reply.Usage is not null && request.Body["stream_options"]?["include_usage"]?.GetValue<bool>() == true)
        {
            var last = Envelope("chat.completion.chunk", request.Number);
            last["choices"] = new JsonArray();
            last["usage"] = Usage(reply.Usage);
            events.Add(Event(last));
        }

        events.Add("data: [DONE]\n\n");
        return events;

        string Chunk(JsonObject delta, string? finishReason = null)
        {
            var chunk = Envelope("chat.completion.chunk", request.Number);
            chunk["choices"] = new JsonArray(
                new JsonObject { ["index"] = 0, ["delta"] = delta, ["finish_reason"] = finishReason });
            return Event(chunk);
        }
    }

    private static string Event(JsonObject data) => $"data: {data.ToJsonString(ScriptedModel.Json)}\n\n";

    private static JsonObject Envelope(string kind, int number) => new()
    {
        ["id"] = string.Create(CultureInfo.InvariantCulture, $"scripted-{number}"),
        ["object"] = kind,
        ["created"] = 0,
        ["model"] = ScriptedModel.ModelName,
    };

    private static JsonObject Call(ScriptedToolCall call, int index, int number) => new()
    {
        ["id"] = call.Id ?? string.Create(CultureInfo.InvariantCulture, $"call_{number}_{index}"),
        ["type"] = "function",
        ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments },
    };

    private static JsonObject Usage(ScriptedUsage usage) => new()
    {
        ["prompt_tokens"] = usage.InputTokens,
        ["completion_tokens"] = usage.OutputTokens,
        ["total_tokens"] = usage.InputTokens + usage.OutputTokens,
        ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = usage.CachedTokens },
    };

    private static string FinishReason(ScriptedReply reply) => reply.FinishReason ?? (reply.ToolCalls.Count > 0 ? "tool_calls" : "stop");

    private static IEnumerable<string> Pieces(string? text)
    {
        for (var start = 0; start < (text?.Length ?? 0);)
        {
            var length = Math.Min(PieceLength, text!.Length - start);
            if (char.IsHighSurrogate(text[start + length - 1]) && start + length < text.Length)
                length++; // JSON can't carry half a character
            yield return text.Substring(start, length);
            start += length;
        }
    }
}
