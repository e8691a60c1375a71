using System.Buffers;
using System.Text;
using AiCoder.Core.Configuration;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Secrets;

/// <summary>
/// Takes known secrets out of text before it is kept, shown or sent: as they are, and in the forms that programs print them in
/// (base64 as part of a header, percent-encoded, JSON-escaped, a private key line by line).
/// </summary>
public sealed class SecretRedactor
{
    public const string Mask = "[redacted]";

    /// <summary>Characters of the shortest secret that is surely no word of the text it is found in.</summary>
    internal const int ShortestSure = 8;

    private const int LongestLine = 1_000;

    private readonly string[] _forms;
    private readonly Lazy<SearchValues<string>> _search;

    /// <param name="secrets">
    /// Those below four characters are left out, and words such as <c>none</c> or <c>ollama</c>, which stand where a server wants no
    /// key: they would match everywhere.
    /// </param>
    public SecretRedactor(IEnumerable<string> secrets)
    {
        _forms = [.. secrets.SelectMany(SecretForms.Of).Distinct(StringComparer.Ordinal).OrderByDescending(form => form.Length)];
        _search = new(() => SearchValues.Create(_forms, StringComparison.Ordinal));
    }

    /// <summary>
    /// For text that must stay as it was written where it holds no secret: without the short ones, which may be words of it.
    /// </summary>
    internal static SecretRedactor OfSure(AiCoderOptions options, TaskSecrets secrets) =>
        new(options.Secrets.Concat(secrets.All.Select(secret => secret.Value)).Where(secret => secret.Length >= ShortestSure));

    public static SecretRedactor None { get; } = new([]);

    /// <summary>For a task's texts: takes out the operator's secrets and the request's.</summary>
    public static SecretRedactor For(AiCoderOptions options, TaskSecrets secrets) =>
        new(options.Secrets.Concat(secrets.All.Select(secret => secret.Value)));

    /// <summary>The text with <see cref="Mask"/> in the place of every secret.</summary>
    public string Redact(string text)
    {
        if (Find(text, 0) is not { } first)
            return text;

        var builder = new StringBuilder(text.Length);
        var done = 0;
        for ((int Start, int End)? span = first; span is { } found; span = Find(text, found.End))
        {
            builder.Append(text, done, found.Start - done).Append(Mask);
            done = found.End;
        }

        return builder.Append(text, done, text.Length - done).ToString();
    }

    /// <summary>The same for a line of a log: what somebody sent must not look like several, nor fill it.</summary>
    public string RedactLine(string text) =>
        TextLimit.Cut(string.Concat(Redact(text).Select(character => char.IsControl(character) ? ' ' : character)), LongestLine);

    /// <summary>Where the first secret begins; -1 where there is none.</summary>
    public int IndexOf(string text) => Find(text, 0)?.Start ?? -1;

    /// <summary>The first stretch of secrets at or after a position; forms that overlap are one stretch.</summary>
    private (int Start, int End)? Find(string text, int from)
    {
        if (_forms.Length == 0)
            return null;
        var start = NextMatch(text, from);
        if (start < 0)
            return null;

        var end = start + LengthAt(text, start);
        for (var next = NextMatch(text, start + 1); next >= 0 && next < end; next = NextMatch(text, next + 1))
            end = Math.Max(end, next + LengthAt(text, next));
        return (start, end);
    }

    private int NextMatch(string text, int from)
    {
        var index = text.AsSpan(from).IndexOfAny(_search.Value);
        return index < 0 ? -1 : index + from;
    }

    private int LengthAt(string text, int start) =>
        _forms.First(form => text.AsSpan(start).StartsWith(form, StringComparison.Ordinal)).Length;
}
