using System.Text;
using UtfUnknown;

namespace AiCoder.Core.Tools;

/// <summary>
/// A file's text together with what it takes to write it back: encoding, byte order mark, line endings. What is not edited comes
/// out byte for byte as it went in.
/// </summary>
public sealed class TextFile
{
    private const int ProbeLength = 64 * 1024;
    private const char Mark = '\uFEFF';
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    static TextFile() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    private TextFile(string text, Encoding encoding, int markLength)
    {
        Text = text;
        Encoding = encoding;
        MarkLength = markLength;
        LineEnding = DominantEnding(text);
    }

    /// <summary>The text with its own line endings, without the byte order mark.</summary>
    public string Text { get; }

    /// <summary>Throws on what it can't write.</summary>
    public Encoding Encoding { get; }

    /// <summary>Bytes of the byte order mark; 0: none.</summary>
    public int MarkLength { get; }

    /// <summary>The line ending that most lines have; <c>\n</c> where there is none.</summary>
    public string LineEnding { get; }

    /// <summary>What a reader should know, such as <c>gb18030, CRLF</c>; empty for plain UTF-8 with LF.</summary>
    public string Describe()
    {
        var parts = new List<string>();
        if (Encoding is not UTF8Encoding)
            parts.Add(Encoding.WebName);
        if (MarkLength > 0)
            parts.Add("BOM");
        if (LineEnding != "\n")
            parts.Add(LineEnding == "\r\n" ? "CRLF" : "CR");
        return string.Join(", ", parts);
    }

    /// <summary>Plain UTF-8 as new files are written.</summary>
    public static TextFile New() => new("", Utf8, 0);

    /// <summary>Reads bytes as text; null: they are none.</summary>
    public static TextFile? TryDecode(byte[] bytes)
    {
        if (Marked(bytes) is { } marked)
            return Decode(bytes, marked.Encoding, marked.Length);
        if (Decode(bytes, Utf8, 0) is { } utf8)
            return utf8.Text.Contains('\0', StringComparison.Ordinal) ? Wide(bytes) : utf8;
        if (bytes.AsSpan(0, Math.Min(bytes.Length, ProbeLength)).Contains((byte)0))
            return Wide(bytes);

        // Latin-1 takes any bytes and gives them back, so it is the last.
        return new[] { Guess(bytes), Strict("iso-8859-1") }
            .Select(encoding => Decode(bytes, encoding, 0))
            .FirstOrDefault(file => file is not null && !file.Text.Any(IsControl));
    }

    /// <summary>Writes a text in this file's encoding, with its mark.</summary>
    /// <exception cref="ToolException">The encoding can't hold a character of it.</exception>
    public byte[] Encode(string text)
    {
        try
        {
            // Some models write a mark into the text itself. A file that is there keeps what it has.
            if (text.StartsWith(Mark) && !Text.StartsWith(Mark) && (MarkLength > 0 || Text.Length > 0))
                text = text[1..];
            var mark = MarkLength == 0 ? [] : Encoding.GetPreamble();
            return [.. mark, .. Encoding.GetBytes(text)];
        }
        catch (EncoderFallbackException exception)
        {
            var character = exception.CharUnknown != '\0'
                ? exception.CharUnknown.ToString()
                : new string([exception.CharUnknownHigh, exception.CharUnknownLow]);
            throw new ToolException($"The file is written in {Encoding.WebName}, which can't hold the character '{character}'. Write it another way, for example as an escape sequence.");
        }
    }

    private static TextFile? Decode(byte[] bytes, Encoding? encoding, int markLength)
    {
        if (encoding is null)
            return null;
        try
        {
            var text = encoding.GetString(bytes, markLength, bytes.Length - markLength);
            // What does not come back as it was would be damaged by any edit.
            return encoding is UTF8Encoding || encoding.GetBytes(text).AsSpan().SequenceEqual(bytes.AsSpan(markLength))
                ? new TextFile(text, encoding, markLength)
                : null;
        }
        catch (Exception exception) when (exception is DecoderFallbackException or EncoderFallbackException)
        {
            return null;
        }
    }

    private static (Encoding Encoding, int Length)? Marked(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xEF, 0xBB, 0xBF, ..] => (new UTF8Encoding(encoderShouldEmitUTF8Identifier: true, throwOnInvalidBytes: true), 3),
        [0xFF, 0xFE, 0, 0, ..] => (new UTF32Encoding(bigEndian: false, byteOrderMark: true, throwOnInvalidCharacters: true), 4),
        [0, 0, 0xFE, 0xFF, ..] => (new UTF32Encoding(bigEndian: true, byteOrderMark: true, throwOnInvalidCharacters: true), 4),
        [0xFF, 0xFE, ..] => (new UnicodeEncoding(bigEndian: false, byteOrderMark: true, throwOnInvalidBytes: true), 2),
        [0xFE, 0xFF, ..] => (new UnicodeEncoding(bigEndian: true, byteOrderMark: true, throwOnInvalidBytes: true), 2),
        _ => null,
    };

    /// <summary>UTF-16 without a mark: every other byte of its ASCII is zero.</summary>
    private static TextFile? Wide(byte[] bytes)
    {
        if (bytes.Length % 2 != 0)
            return null;
        foreach (var bigEndian in new[] { false, true })
        {
            var file = Decode(bytes, new UnicodeEncoding(bigEndian, byteOrderMark: false, throwOnInvalidBytes: true), 0);
            if (file is not null && !file.Text.Any(IsControl) && file.Text.Any(char.IsAsciiLetterOrDigit) && file.Text.All(IsLikelyText))
                return file;
        }

        return null;
    }

    private static Encoding? Guess(byte[] bytes)
    {
        // These two first: short texts in them are mistaken for anything by statistics, and few other texts pass for them.
        if (IsChinese(bytes))
            return Strict("gb18030");
        if (Decode(bytes, Strict("shift_jis"), 0) is { } japanese && japanese.Text.Any(IsKana) && japanese.Text.All(character => char.IsAscii(character) || IsJapanese(character)))
            return japanese.Encoding;

        var sample = bytes.Length > ProbeLength ? bytes[..ProbeLength] : bytes;
        var detected = CharsetDetector.DetectFromBytes(sample).Detected;
        // Single-byte guesses differ only in how letters look; the bytes come out alike whichever it is.
        return detected is { Confidence: > 0.6f, EncodingName: { } name } ? Strict(name) : null;
    }

    /// <summary>
    /// Whether the bytes read as Chinese of which most is in daily use: the punctuation and first level of GB 2312, both bytes from 0xA1
    /// and the first up to 0xD7. Latin-1 and Shift-JIS often decode too, but into the rare characters beyond.
    /// </summary>
    private static bool IsChinese(byte[] bytes)
    {
        if (Decode(bytes, Strict("gb18030"), 0) is not { } text || !text.Text.All(character => char.IsAscii(character) || IsCommonChinese(character)))
            return false;
        int daily = 0, rare = 0;
        for (var index = 0; index + 1 < bytes.Length; index++)
        {
            if (bytes[index] < 0x80)
                continue;
            if (bytes[index] is >= 0xA1 and <= 0xD7 && bytes[index + 1] >= 0xA1)
                daily++;
            else
                rare++;
            index++;
        }

        return daily > rare;
    }

    private static Encoding? Strict(string name)
    {
        try
        {
            return Encoding.GetEncoding(name, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback);
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    private static bool IsCommonChinese(char character) =>
        character is (>= '\u4E00' and <= '\u9FFF') or (>= '\u3000' and <= '\u301F') or (>= '\uFF00' and <= '\uFF5E')
            or (>= '\u2010' and <= '\u2026') or '\u00B7' or '\u00D7';

    private static bool IsKana(char character) => character is >= '\u3041' and <= '\u30FE';

    private static bool IsJapanese(char character) =>
        IsKana(character) || character is (>= '\u4E00' and <= '\u9FFF') or (>= '\u3000' and <= '\u301F') or (>= '\uFF00' and <= '\uFF9F')
            or (>= '\u2010' and <= '\u2312') or (>= '\u2500' and <= '\u266F') or '\u00D7' or '\u00F7';

    private static bool IsLikelyText(char character) =>
        character < '\u3400' || IsCommonChinese(character) || char.IsLetter(character) || char.IsSurrogate(character);

    private static bool IsControl(char character) => character < ' ' && character is not ('\t' or '\n' or '\r' or '\f' or '\u001B' or '\b');

    private static string DominantEnding(string text)
    {
        int pairs = 0, feeds = 0, returns = 0;
        for (var index = 0; index < text.Length; index++)
        {
            if (text[index] == '\n')
                feeds++;
            else if (text[index] == '\r' && index + 1 < text.Length && text[index + 1] == '\n')
                (pairs, index) = (pairs + 1, index + 1);
            else if (text[index] == '\r')
                returns++;
        }

        return pairs > feeds ? "\r\n" : returns > feeds + pairs && feeds + pairs == 0 ? "\r" : "\n";
    }
}
