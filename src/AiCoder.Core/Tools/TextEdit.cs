using System.Globalization;
using System.Text;

namespace AiCoder.Core.Tools;

/// <summary>
/// Replaces a piece of a text that the model quotes. The quote is looked for exactly, then without trailing white space, then
/// with another indentation, then with other forms of punctuation; each weaker form only where the stronger ones find nothing,
/// and only as whole lines. More than one place is an error at every level: a guess would edit the wrong one.
/// </summary>
internal static class TextEdit
{
    /// <summary>The text after the edit.</summary>
    /// <param name="file">The text before.</param>
    /// <param name="oldText">What is to be replaced; its line endings don't matter.</param>
    /// <param name="newText">What comes in its place.</param>
    /// <param name="all">Replace every place rather than exactly one.</param>
    /// <exception cref="ToolException">No such text, or more than one place, or nothing would change.</exception>
    public static TextEditResult Apply(TextFile file, string oldText, string newText, bool all)
    {
        var view = new LineEndingView(file.Text);
        var wanted = LineEndingView.Normalize(oldText);
        var replacement = LineEndingView.Normalize(newText);
        if (wanted.Length == 0)
            throw new ToolException("old_text is empty. Quote the text to replace, or use write_file for the whole file.");
        if (wanted == replacement)
            throw new ToolException("old_text and new_text are the same: nothing would change.");

        var exact = Occurrences(view.Text, wanted);
        if (exact.Count > 0)
            return Replace(file, view, [.. Choose(view, exact.Select(start => new Place(start, start + wanted.Length, replacement)), all)], MatchLevel.Exact);

        foreach (var level in new[] { MatchLevel.TrailingSpace, MatchLevel.Indentation, MatchLevel.Punctuation })
        {
            var places = LineMatcher.Find(view.Text, wanted, replacement, level);
            if (places.Count > 0)
                return Replace(file, view, [.. Choose(view, places, all)], level);
        }

        throw new ToolException(NearestLines.Describe(view.Text, wanted));
    }

    /// <summary>The whole text anew: lines that stay keep their endings, the others get the file's.</summary>
    public static string Rewrite(TextFile file, string content)
    {
        var view = new LineEndingView(file.Text);
        var replacement = LineEndingView.Normalize(content);
        return replacement == view.Text
            ? file.Text
            : Replace(file, view, [new(0, view.Text.Length, replacement)], MatchLevel.Exact).Text;
    }

    private static List<int> Occurrences(string text, string wanted)
    {
        var starts = new List<int>();
        for (var at = text.IndexOf(wanted, StringComparison.Ordinal); at >= 0; at = text.IndexOf(wanted, at + 1, StringComparison.Ordinal))
            starts.Add(at);
        return starts;
    }

    private static IEnumerable<Place> Choose(LineEndingView view, IEnumerable<Place> found, bool all)
    {
        var places = found.ToList();
        if (places.Count > 1 && !all)
        {
            var lines = string.Join(", ", places.Take(10).Select(place => view.LineOf(place.Start).ToString(CultureInfo.InvariantCulture)));
            throw new ToolException($"old_text stands in {places.Count} places (at lines {lines}). Quote more lines around the one you mean, or set replace_all.");
        }

        var end = 0;
        foreach (var place in places.Where(place => place.Start >= end).ToList())
        {
            end = place.End;
            yield return place;
        }
    }

    private static TextEditResult Replace(TextFile file, LineEndingView view, List<Place> places, MatchLevel level)
    {
        var result = new StringBuilder(file.Text.Length + 256);
        var copied = 0;
        foreach (var place in places)
        {
            if (view.IsMixed)
            {
                result.Append(file.Text, copied, view.Original(place.Start) - copied).Append(MixedEndings.Of(view, place, file.LineEnding));
                copied = view.Original(place.End);
                continue;
            }

            // Only what differs is written, so that line endings in what stays are not touched.
            var before = view.Text.AsSpan(place.Start, place.End - place.Start);
            var after = place.Replacement.AsSpan();
            var head = before.CommonPrefixLength(after);
            var tail = 0;
            while (tail < Math.Min(before.Length, after.Length) - head && before[^(tail + 1)] == after[^(tail + 1)])
                tail++;

            var start = view.Original(place.Start + head);
            var end = view.Original(place.End - tail);
            var ending = view.EndingNear(place.Start, place.End) ?? file.LineEnding;
            result.Append(file.Text, copied, start - copied);
            result.Append(after[head..^tail].ToString().Replace("\n", ending, StringComparison.Ordinal));
            copied = end;
        }

        result.Append(file.Text, copied, file.Text.Length - copied);
        var text = result.ToString();
        return text == file.Text
            ? throw new ToolException("The file already reads like new_text: nothing would change.")
            : new(text, level, places.Count, view.LineOf(places[0].Start));
    }

    /// <summary>A place to replace, in the text with normalized line endings.</summary>
    internal sealed record Place(int Start, int End, string Replacement);
}

/// <summary>How loosely the quoted text had to be looked for.</summary>
internal enum MatchLevel
{
    Exact,
    TrailingSpace,
    Indentation,
    Punctuation,
}

/// <summary>A text after an edit.</summary>
/// <param name="Text">The whole text.</param>
/// <param name="Level">How the quote was found.</param>
/// <param name="Count">Places that were replaced.</param>
/// <param name="Line">The first of them, from 1.</param>
internal sealed record TextEditResult(string Text, MatchLevel Level, int Count, int Line);
