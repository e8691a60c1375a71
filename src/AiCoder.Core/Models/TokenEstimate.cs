namespace AiCoder.Core.Models;

/// <summary>A rough count of tokens, for endpoints that tell no usage and for budgets.</summary>
internal static class TokenEstimate
{
    /// <summary>About four ASCII characters a token, and one character of any other script.</summary>
    public static long Of(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return 0;
        var ascii = 0L;
        foreach (var character in text)
            ascii += char.IsAscii(character) ? 1 : 0;
        return ((ascii + 3) / 4) + (text.Length - ascii);
    }
}
