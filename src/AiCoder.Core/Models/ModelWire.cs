using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace AiCoder.Core.Models;

/// <summary>Writes requests in the form that every OpenAI-compatible endpoint takes.</summary>
internal static class ModelWire
{
    private static readonly JsonWriterOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// The body of a request. It names neither a temperature nor a length limit: models differ in which of them they
    /// refuse, and each endpoint's own defaults are meant for it.
    /// </summary>
    public static ReadOnlyMemory<byte> Write(ModelRequest request, string model, bool stream, bool includeUsage)
    {
        var buffer = new ArrayBufferWriter<byte>(16 * 1024);
        using var json = new Utf8JsonWriter(buffer, Plain);
        json.WriteStartObject();
        json.WriteString("model", model);
        json.WriteBoolean("stream", stream);
        if (stream && includeUsage)
        {
            json.WriteStartObject("stream_options");
            json.WriteBoolean("include_usage", true);
            json.WriteEndObject();
        }

        json.WriteStartArray("messages");
        foreach (var message in request.Messages)
            Write(json, message);
        json.WriteEndArray();
        if (request.Tools.Count > 0)
        {
            json.WriteStartArray("tools");
            foreach (var tool in request.Tools)
                Write(json, tool);
            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenMemory;
    }

    private static void Write(Utf8JsonWriter json, ChatMessage message)
    {
        json.WriteStartObject();
        json.WriteString("role", message.Role);
        json.WriteString("content", message.Text ?? "");
        if (message.ToolCallId is not null)
            json.WriteString("tool_call_id", message.ToolCallId);
        if (message.ToolCalls.Count > 0)
        {
            json.WriteStartArray("tool_calls");
            foreach (var call in message.ToolCalls)
            {
                json.WriteStartObject();
                json.WriteString("id", call.Id);
                json.WriteString("type", "function");
                json.WriteStartObject("function");
                json.WriteString("name", call.Name);
                // Some endpoints parse what we send back, and refuse the whole conversation for one broken call.
                json.WriteString("arguments", JsonMender.ToObject(call.Arguments, allowUnclosed: true) ?? "{}");
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, ToolDefinition tool)
    {
        json.WriteStartObject();
        json.WriteString("type", "function");
        json.WriteStartObject("function");
        json.WriteString("name", tool.Name);
        json.WriteString("description", tool.Description);
        json.WritePropertyName("parameters");
        json.WriteRawValue(tool.Parameters);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
