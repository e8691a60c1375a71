using System.Globalization;
using System.Text.Json;
using AiCoder.Core.Models;

namespace AiCoder.Core.Tools;

/// <summary>The arguments of a call. Lenient in what can be meant only one way: numbers and booleans written as text.</summary>
internal sealed class ToolArguments(JsonElement json)
{
    /// <summary>Reads the arguments' text; small slips of models are mended, as <see cref="JsonMender"/> says.</summary>
    /// <param name="text">What the model wrote.</param>
    /// <param name="allowUnclosed">Brackets may be missing at its end.</param>
    /// <exception cref="ToolException">It is no JSON object.</exception>
    public static ToolArguments Parse(string text, bool allowUnclosed = true)
    {
        try
        {
            using var document = JsonDocument.Parse(JsonMender.ToObject(text, allowUnclosed) ?? text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ToolArguments(document.RootElement.Clone())
                : throw new ToolException("The arguments must be one JSON object, such as {\"path\": \"src/app.py\"}.");
        }
        catch (JsonException exception)
        {
            throw new ToolException($"The arguments are not valid JSON ({exception.Message}). Call the tool again with one JSON object; escape line breaks as \\n and quotes as \\\".");
        }
    }

    /// <summary>Whether a call that may have been cut off has all of its arguments.</summary>
    public static bool IsWhole(string text)
    {
        try
        {
            Parse(text, allowUnclosed: false);
            return true;
        }
        catch (ToolException)
        {
            return false;
        }
    }

    /// <summary>The arguments' names.</summary>
    public IEnumerable<string> Names => json.EnumerateObject().Select(property => property.Name);

    /// <summary>A text that must be there; may be empty.</summary>
    public string Required(string name) => Optional(name)
        ?? throw new ToolException($"The argument '{name}' is missing. Call the tool again with it.");

    /// <summary>A text that may be left out.</summary>
    public string? Optional(string name) => !json.TryGetProperty(name, out var value) ? null : value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Null => null,
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => value.GetRawText(),
        _ => throw new ToolException($"The argument '{name}' must be a text, not {value.GetRawText()[..1]}…."),
    };

    /// <summary>A whole number that may be left out.</summary>
    public int? Number(string name)
    {
        if (Optional(name) is not { Length: > 0 } text)
            return null;
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && Math.Abs(number) < int.MaxValue
            ? (int)number
            : throw new ToolException($"The argument '{name}' must be a whole number, not '{text}'.");
    }

    /// <summary>Yes or no; left out means no.</summary>
    public bool Flag(string name) => Optional(name)?.ToUpperInvariant() switch
    {
        null or "" or "FALSE" or "0" or "NO" => false,
        "TRUE" or "1" or "YES" => true,
        var other => throw new ToolException($"The argument '{name}' must be true or false, not '{other}'."),
    };
}
