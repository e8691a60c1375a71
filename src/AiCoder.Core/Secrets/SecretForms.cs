using System.Net;
using System.Text;
using System.Text.Encodings.Web;

namespace AiCoder.Core.Secrets;

/// <summary>The forms in which programs print a secret.</summary>
internal static class SecretForms
{
    private const int Shortest = 4;

    // A shorter piece of base64, or a shorter line, turns up by chance.
    private const int ShortestPiece = 8;

    // What people set where a server wants no key: masking such words would garble every text that holds them.
    private static readonly HashSet<string> NoSecrets = new(StringComparer.OrdinalIgnoreCase)
    {
        "none", "null", "empty", "dummy", "fake", "test", "token", "secret", "password", "changeme", "placeholder", "local", "localhost", "ollama",
        "vllm", "lm-studio", "no-key", "nokey", "not-needed", "not-required", "unused", "anything", "sk-no-key-required", "sk-dummy", "sk-xxx", "xxxx", "1234",
    };

    /// <summary>Whether it is a word that stands where no secret is needed, or too short to be told from other text.</summary>
    public static bool IsNone(string secret) => secret.Trim() is var plain && (plain.Length < Shortest || NoSecrets.Contains(plain));

    public static IEnumerable<string> Of(string secret)
    {
        if (IsNone(secret))
            return [];
        var plain = secret.Trim();
        var parts = plain.Contains('\n', StringComparison.Ordinal)
            ? Lines(plain).Append(plain).Append(plain.ReplaceLineEndings("\n")).Append(plain.ReplaceLineEndings("\r\n"))
            : [plain];
        return parts.SelectMany(part => Encoded(part).Prepend(part)).Where(form => form.Length >= Shortest);
    }

    // The first and last lines of a PEM block are no secret, and a redacted "BEGIN" would hide what the rest was.
    private static IEnumerable<string> Lines(string text) =>
        text.Split('\n', StringSplitOptions.TrimEntries)
            .Where(line => line.Length >= ShortestPiece && !line.StartsWith("-----", StringComparison.Ordinal));

    private static IEnumerable<string> Encoded(string text)
    {
        var percent = Uri.EscapeDataString(text);
        yield return percent;
        yield return LowerEscapes(percent);
        var form = WebUtility.UrlEncode(text);
        yield return form;
        yield return LowerEscapes(form);
        yield return JavaScriptEncoder.Default.Encode(text);
        yield return JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text);
        foreach (var piece in Base64(Encoding.UTF8.GetBytes(text)))
        {
            yield return piece;
            yield return piece.Replace('+', '-').Replace('/', '_');
        }
    }

    /// <summary>
    /// In base64 of "user:secret" the secret looks different by where its first byte falls among three; each of the three is given,
    /// without the characters that it shares with its neighbours.
    /// </summary>
    private static IEnumerable<string> Base64(byte[] bytes)
    {
        yield return Convert.ToBase64String(bytes).TrimEnd('=');
        for (var before = 0; before < 3; before++)
        {
            var whole = Convert.ToBase64String([.. new byte[before], .. bytes]);
            var first = ((before * 8) + 5) / 6;
            var last = (before + bytes.Length) * 8 / 6;
            if (last - first >= ShortestPiece)
                yield return whole[first..last];
        }
    }

    private static string LowerEscapes(string text)
    {
        var builder = new StringBuilder(text);
        for (var index = 0; index + 2 < builder.Length; index++)
        {
            if (builder[index] == '%')
            {
                builder[index + 1] = char.ToLowerInvariant(builder[index + 1]);
                builder[index + 2] = char.ToLowerInvariant(builder[index + 2]);
            }
        }

        return builder.ToString();
    }
}
