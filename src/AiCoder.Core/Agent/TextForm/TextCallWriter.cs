using System.Text;
using System.Text.Json;
using AiCoder.Core.Models;

namespace AiCoder.Core.Agent.TextForm;

/// <summary>Writes calls and their results as text, for a model that has no other form of them.</summary>
internal static class TextCallWriter
{
    /// <summary>An answer of the model as it would have written it: its words, then its calls.</summary>
    public static string Write(ModelAnswer answer) =>
        string.Join("\n\n", answer.ToolCalls.Select(Write).Prepend(answer.Text?.Trim() ?? "").Where(part => part.Length > 0));

    /// <summary>A call; one that could not be read stands as the model wrote it.</summary>
    public static string Write(ToolCall call)
    {
        if (call.Problem is not null || JsonMender.ToObject(call.Arguments, allowUnclosed: true) is not { } json)
            return call.Arguments;
        using var document = JsonDocument.Parse(json);
        var fields = document.RootElement.EnumerateObject()
            .Select(field => (field.Name, Value: field.Value.ValueKind == JsonValueKind.String ? field.Value.GetString()! : field.Value.GetRawText()))
            .ToList();
        // What is deleted would get a line break more as a block.
        var inline = fields.Exists(field => field is { Name: "new_text", Value: "" });
        var text = new StringBuilder($"<call tool=\"{call.Name}\">\n");
        foreach (var (name, value) in fields)
            text.Append('<').Append(name).Append('>').Append(FieldValue.Write(name, value, inline)).Append("</").Append(name).Append(">\n");
        return text.Append("</call>").ToString();
    }

    /// <summary>What a call answered.</summary>
    /// <param name="key">The conversation's own mark of results, which nothing inside one knows.</param>
    /// <param name="call">The call.</param>
    /// <param name="result">Its answer.</param>
    /// <param name="text">The answer's text, or what stands for it.</param>
    public static string Write(string key, ToolCall? call, CallResult result, string text) =>
        $"<result {key} tool=\"{call?.Name}\"{(result.Error ? " error" : "")}>\n{text}\n</result {key}>";
}
