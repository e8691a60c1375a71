namespace AiCoder.Core.Agent.TextForm;

/// <summary>
/// The values of a call's fields as they stand between tags. Texts are raw: nothing in them is escaped, and only the line breaks that
/// set the tags apart are no part of them.
/// </summary>
internal static class FieldValue
{
    private const string CdataOpen = "<![CDATA[";
    private const string CdataClose = "]]>";
    private static readonly HashSet<string> Texts = ["content", "old_text", "new_text"];

    /// <summary>Whether a field's value may be text of many lines, of which nobody can say where it ends.</summary>
    public static bool IsText(string field) => Texts.Contains(field);

    /// <summary>The fields as they are meant.</summary>
    /// <param name="raw">By name, as they stood between their tags.</param>
    public static Dictionary<string, string> Read(IReadOnlyDictionary<string, string> raw)
    {
        var markdown = raw.TryGetValue("path", out var path) && path.Trim().EndsWith(".md", StringComparison.OrdinalIgnoreCase);
        var values = raw.ToDictionary(field => field.Key, field => Read(field.Key, field.Value, markdown), StringComparer.Ordinal);
        // Whole lines that are replaced by nothing go with their line break.
        if (values.TryGetValue("new_text", out var added) && added.Length == 0
            && values.TryGetValue("old_text", out var removed) && removed.Length > 0 && IsBlock(raw["old_text"]) && EndsInLineBreak(raw["old_text"]))
        {
            values["old_text"] = removed + "\n";
        }

        return values;
    }

    /// <summary>A value as it is written between tags, so that <see cref="Read(IReadOnlyDictionary{string, string})"/> gives it back.</summary>
    public static string Write(string field, string value, bool inline)
    {
        if (!IsText(field))
            return value.Contains('\n', StringComparison.Ordinal) ? $"\n{value}\n" : value;
        if (inline || value.Length == 0)
            return value;
        return field == "content" ? $"\n{value}" : $"\n{value}\n";
    }

    private static string Read(string field, string raw, bool markdown)
    {
        if (!IsText(field))
            return field == "pattern" ? raw.Trim('\r', '\n') : raw.Trim();
        var value = raw;
        var inner = value.AsSpan().Trim();
        if (inner.StartsWith(CdataOpen, StringComparison.Ordinal) && inner.EndsWith(CdataClose, StringComparison.Ordinal))
            value = inner[CdataOpen.Length..^CdataClose.Length].ToString();
        if (IsBlock(value))
        {
            value = value[(value.IndexOf('\n', StringComparison.Ordinal) + 1)..];
            // The indentation of a closing tag on a line of its own.
            var last = value.LastIndexOf('\n');
            if (string.IsNullOrWhiteSpace(value[(last + 1)..]))
                value = value[..(last + 1)];
            if (field != "content" && value.EndsWith('\n'))
                value = value[..^(value.EndsWith("\r\n", StringComparison.Ordinal) ? 2 : 1)];
        }

        return markdown ? value : Unfence(value);
    }

    private static bool IsBlock(string raw) => raw.StartsWith('\n') || raw.StartsWith("\r\n", StringComparison.Ordinal);

    private static bool EndsInLineBreak(string raw) => raw.TrimEnd(' ', '\t').EndsWith('\n') && raw.Trim().Length > 0;

    // A fence around a whole file or quote that is no Markdown is the model's own.
    private static string Unfence(string value)
    {
        var trimmed = value.Trim();
        if (!trimmed.StartsWith("```", StringComparison.Ordinal) || !trimmed.EndsWith("\n```", StringComparison.Ordinal))
            return value;
        var start = trimmed.IndexOf('\n', StringComparison.Ordinal) + 1;
        var inside = start < trimmed.Length - 3 ? trimmed[start..^3] : "";
        return inside.Contains("```", StringComparison.Ordinal) ? value
            : value.EndsWith('\n') ? inside : inside.TrimEnd('\n');
    }
}
