using System.Globalization;
using System.Text;
using System.Text.Json;

namespace AiCoder.Core.Tools;

/// <summary>The arguments of a call. Lenient in what can be meant only one way: numbers and booleans written as text.</summary>
internal sealed class ToolArguments(JsonElement json)
{
    private static readonly JsonDocumentOptions Lenient = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip };

    /// <summary>Reads the arguments' text; small slips of models (code fences, trailing commas, raw line breaks) are mended.</summary>
    /// <exception cref="ToolException">It is no JSON object.</exception>
    public static ToolArguments Parse(string text)
    {
        var trimmed = Unfence(text.Trim());
        if (trimmed.Length == 0)
            trimmed = "{}";
        try
        {
            return Read(trimmed);
        }
        catch (JsonException exception)
        {
            try
            {
                return Read(EscapeControlCharacters(trimmed));
            }
            catch (JsonException)
            {
                throw new ToolException($"The arguments are not valid JSON ({exception.Message}). Call the tool again with one JSON object; escape line breaks as \\n and quotes as \\\".");
            }
        }
    }

    /// <summary>Whether the text can be read as arguments at all.</summary>
    public static bool IsWhole(string text)
    {
        try
        {
            Parse(text);
            return true;
        }
        catch (ToolException)
        {
            return false;
        }
    }

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

    private static ToolArguments Read(string text)
    {
        using var document = JsonDocument.Parse(text, Lenient);
        var root = document.RootElement;
        // Some models wrap the object in a string once more.
        if (root.ValueKind == JsonValueKind.String && root.GetString() is { } inner && inner.TrimStart().StartsWith('{'))
            return Read(inner);
        return root.ValueKind == JsonValueKind.Object
            ? new ToolArguments(root.Clone())
            : throw new ToolException("The arguments must be one JSON object, such as {\"path\": \"src/app.py\"}.");
    }

    private static string Unfence(string text)
    {
        if (!text.StartsWith("```", StringComparison.Ordinal) || !text.EndsWith("```", StringComparison.Ordinal) || text.Length < 6)
            return text;
        var start = text.IndexOf('\n', StringComparison.Ordinal);
        return start < 0 ? text : text[(start + 1)..^3].Trim();
    }

    private static string EscapeControlCharacters(string text)
    {
        var mended = new StringBuilder(text.Length + 16);
        var inside = false;
        for (var index = 0; index < text.Length; index++)
        {
            var character = text[index];
            if (inside && character == '\\' && index + 1 < text.Length)
            {
                mended.Append(character).Append(text[++index]);
                continue;
            }

            if (character == '"')
                inside = !inside;
            mended.Append(inside && char.IsControl(character)
                ? string.Create(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}")
                : character.ToString());
        }

        return mended.ToString();
    }
}
