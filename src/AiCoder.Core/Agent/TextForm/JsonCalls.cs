using System.Text.Json;
using AiCoder.Core.Models;

namespace AiCoder.Core.Agent.TextForm;

/// <summary>Calls that a model wrote as JSON: a name and its arguments, in the shapes that the model families have for it.</summary>
internal static class JsonCalls
{
    private static readonly string[] NameKeys = ["name", "tool", "tool_name", "function"];
    private static readonly string[] ArgumentKeys = ["arguments", "parameters", "args", "input", "tool_input"];

    /// <summary>The calls that a JSON text holds; null: it can't be read or holds none.</summary>
    /// <param name="json">An object or a list of them.</param>
    /// <param name="name">The tool, where something before named it; null: the JSON does.</param>
    /// <param name="allowUnclosed">Brackets may be missing at the end.</param>
    public static IReadOnlyList<(string Name, string Arguments)>? Read(string json, string? name, bool allowUnclosed)
    {
        // A list is read as the one field of an object, for which alone slips are mended.
        var isList = json.StartsWith('[');
        if (JsonMender.ToObject(isList ? $"{{\"calls\":{json}}}" : json, allowUnclosed) is not { } strict)
            return null;
        using var document = JsonDocument.Parse(strict);
        var elements = isList ? document.RootElement.GetProperty("calls").EnumerateArray().ToList() : [document.RootElement];
        var calls = elements.Where(element => element.ValueKind == JsonValueKind.Object).Select(element => Call(element, name)).ToList();
        return calls.TrueForAll(call => call is not null) ? calls.ConvertAll(call => call!.Value) : null;
    }

    private static (string Name, string Arguments)? Call(JsonElement element, string? name)
    {
        // OpenAI's own shape: {"type": "function", "function": {"name": …, "arguments": …}}.
        if (element.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object)
            element = function;
        var key = Array.Find(NameKeys, key => element.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String);
        if (Array.Find(ArgumentKeys, candidate => element.TryGetProperty(candidate, out _)) is { } argumentsKey && (name ?? key) is not null
            && element.GetProperty(argumentsKey) is { ValueKind: JsonValueKind.Object or JsonValueKind.String } arguments)
        {
            var text = arguments.ValueKind == JsonValueKind.String ? arguments.GetString()! : arguments.GetRawText();
            return (name ?? element.GetProperty(key!).GetString()!, text);
        }

        if (name is not null)
            return (name, element.GetRawText());
        if (key is null)
            return null;
        var rest = element.EnumerateObject().Where(property => property.Name != key).ToDictionary(property => property.Name, property => property.Value);
        return (element.GetProperty(key).GetString()!, JsonSerializer.Serialize(rest, AiCoderJson.Options));
    }
}
