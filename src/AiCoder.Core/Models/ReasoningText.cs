namespace AiCoder.Core.Models;

/// <summary>
/// Takes a model's reasoning off the front of its answer, where an endpoint leaves it in the content (<c>&lt;think&gt;…&lt;/think&gt;</c>, as
/// the Qwen and DeepSeek families write it). Only there: further on, the same characters may be part of a file.
/// </summary>
internal static class ReasoningText
{
    private static readonly (string Open, string Close)[] Tags = [("<think>", "</think>"), ("<thinking>", "</thinking>")];

    // What begins a call or quotes code: a closing tag after it is no end of reasoning.
    private static readonly string[] Contents = ["<call", "<tool", "<function", "<invoke", "```", "[TOOL_CALLS]"];

    /// <summary>The answer without it; empty where the model came to no end of it.</summary>
    public static string Strip(string text)
    {
        var rest = text.AsSpan().TrimStart();
        var stripped = false;
        while (Block(rest) is { } after)
        {
            rest = rest[after..].TrimStart();
            stripped = true;
        }

        return stripped ? rest.ToString() : text;
    }

    /// <summary>Where the block ends that the text begins with; null: it begins with none.</summary>
    private static int? Block(ReadOnlySpan<char> text)
    {
        foreach (var (open, close) in Tags)
        {
            var end = text.IndexOf(close, StringComparison.OrdinalIgnoreCase);
            if (text.StartsWith(open, StringComparison.OrdinalIgnoreCase))
                return end < 0 ? text.Length : end + close.Length;
            // Chat templates that open the block themselves leave only its end in the answer, at the end of a line.
            if (end >= 0 && EndsLine(text[(end + close.Length)..]) && !text[..end].Contains(open, StringComparison.OrdinalIgnoreCase) && !ContainsAny(text[..end]))
                return end + close.Length;
        }

        return null;
    }

    private static bool EndsLine(ReadOnlySpan<char> rest) => rest.IsEmpty || rest[0] is '\n' or '\r';

    private static bool ContainsAny(ReadOnlySpan<char> text)
    {
        foreach (var content in Contents)
        {
            if (text.Contains(content, StringComparison.OrdinalIgnoreCase))
                return true;
        }

        return false;
    }
}
