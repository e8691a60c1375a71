namespace AiCoder.Core;

/// <summary>Texts that have a longest length. Both ends are counted in UTF-16 characters, none of which is ever cut in two.</summary>
public static class TextLimit
{
    private const string Mark = "…";

    /// <summary>The beginning of a longer text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">Its longest length, the mark of the cut included; at least 1.</param>
    public static string Cut(string text, int most)
    {
        if (text.Length <= most)
            return text;
        var end = most - Mark.Length;
        if (end > 0 && char.IsHighSurrogate(text[end - 1]))
            end--;
        return text[..end] + Mark;
    }

    /// <summary>The end of a longer text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="most">Its longest length, the mark of the cut included; at least 1.</param>
    public static string CutStart(string text, int most)
    {
        if (text.Length <= most)
            return text;
        var start = text.Length - most + Mark.Length;
        if (start < text.Length && char.IsLowSurrogate(text[start]))
            start++;
        return Mark + text[start..];
    }
}
