namespace AiCoder.Core.Validation;

/// <summary>Text for a POSIX shell.</summary>
internal static class Shell
{
    /// <summary>The text as one word, whatever is in it.</summary>
    public static string Quote(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/')
            ? text.StartsWith('-') ? "./" + text : text
            : "'" + (text.StartsWith('-') ? "./" + text : text).Replace("'", "'\\''", StringComparison.Ordinal) + "'";
}
