namespace AiCoder.Core.Forges;

/// <summary>What a forge refuses to take longer.</summary>
internal static class TextLimit
{
    /// <summary>At most so many UTF-16 characters, never half of one; the cut is marked.</summary>
    public static string Cut(string text, int most)
    {
        if (text.Length <= most)
            return text;
        var end = most - 1;
        if (char.IsHighSurrogate(text[end - 1]))
            end--;
        return text[..end] + "…";
    }
}
