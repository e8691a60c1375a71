namespace AiCoder.Core.Tools;

/// <summary>Finds quoted lines in a text although white space or punctuation differ.</summary>
internal static class LineMatcher
{
    private const int TabWidth = 4;

    /// <summary>Every place where the lines stand, with what would come there.</summary>
    public static IReadOnlyList<TextEdit.Place> Find(string text, string oldText, string newText, MatchLevel level)
    {
        var oldLines = Lines(oldText, out var oldEnded);
        var newLines = Lines(newText, out var newEnded);
        if (newText.Length == 0)
            newLines = [];
        if (oldLines.All(string.IsNullOrWhiteSpace))
            return [];

        // Behind the last line's end there is no blank line that could be quoted.
        var fileLines = Lines(text, out _);
        var starts = Starts(fileLines);
        var oldKeys = oldLines.Select(line => Key(line, level)).ToArray();
        var fileKeys = fileLines.Select(line => Key(line, level)).ToArray();
        var places = new List<TextEdit.Place>();
        for (var at = 0; at + oldLines.Length <= fileLines.Length; at++)
        {
            if (!fileKeys.AsSpan(at, oldKeys.Length).SequenceEqual(oldKeys))
                continue;
            var window = fileLines[at..(at + oldLines.Length)];
            if (Indentation(oldLines, window, level) is not { } indentation)
                continue;
            var last = at + oldLines.Length - 1;
            var end = starts[last] + fileLines[last].Length;
            var ended = oldEnded && end < text.Length;
            var replacement = string.Join('\n', Adapt(oldLines, newLines, window, indentation));
            if (newLines.Length > 0 && (ended ? newEnded : newEnded && !oldEnded))
                replacement += "\n";
            places.Add(new(starts[at], ended ? end + 1 : end, replacement));
        }

        return places;
    }

    /// <summary>What must be equal for two lines to be alike at a level.</summary>
    private static string Key(string line, MatchLevel level) => level switch
    {
        MatchLevel.TrailingSpace => line.TrimEnd(),
        MatchLevel.Indentation => line.Trim(),
        _ => Punctuation.Simplify(line).Trim(),
    };

    /// <summary>
    /// How the quoted lines' indentation becomes the file's; null: no one change does it, and the places only look alike.
    /// </summary>
    private static IndentationChange? Indentation(string[] oldLines, string[] window, MatchLevel level)
    {
        if (level == MatchLevel.TrailingSpace)
            return new("", "", line => line);
        var found = window.Where(NotBlank).Select(Leading).ToArray();
        var foundCommon = Common(found);
        foreach (var convert in Conversions([.. oldLines.Where(NotBlank).Select(Leading)], found))
        {
            var quoted = oldLines.Where(NotBlank).Select(line => Leading(convert(line))).ToArray();
            var quotedCommon = Common(quoted);
            if (quoted.Zip(found).All(pair => pair.First[quotedCommon.Length..] == pair.Second[foundCommon.Length..]))
                return new(quotedCommon, foundCommon, convert);
        }

        return null;
    }

    /// <summary>The new lines as they fit the file: lines that stay are the file's own, the others are indented like it.</summary>
    private static IEnumerable<string> Adapt(string[] oldLines, string[] newLines, string[] window, IndentationChange indentation)
    {
        var kept = LineAlignment.Of(oldLines, newLines);
        for (var index = 0; index < newLines.Length; index++)
        {
            if (kept[index] >= 0)
            {
                yield return window[kept[index]];
                continue;
            }

            var line = indentation.Convert(newLines[index]);
            yield return NotBlank(line) && line.StartsWith(indentation.Quoted, StringComparison.Ordinal)
                ? indentation.Found + line[indentation.Quoted.Length..]
                : line;
        }
    }

    private static string[] Lines(string text, out bool ended)
    {
        ended = text.EndsWith('\n');
        return (ended ? text[..^1] : text).Split('\n');
    }

    private static int[] Starts(string[] lines)
    {
        var starts = new int[lines.Length];
        for (var index = 1; index < lines.Length; index++)
            starts[index] = starts[index - 1] + lines[index - 1].Length + 1;
        return starts;
    }

    private static bool NotBlank(string line) => !string.IsNullOrWhiteSpace(line);

    private static string Leading(string line) => line[..^line.TrimStart().Length];

    private static string Common(string[] indentations) => indentations.Length == 0
        ? ""
        : indentations.Aggregate((left, right) => left[..left.AsSpan().CommonPrefixLength(right)]);

    /// <summary>
    /// The ways to read the quoted indentation, the likeliest first: where the quote has tabs for the file's spaces, or the other way
    /// round, every line does, also one that is new; and how wide a tab is, the steps that both have tell.
    /// </summary>
    private static Func<string, string>[] Conversions(string[] quoted, string[] found)
    {
        var (quotedCommon, foundCommon) = (Common(quoted), Common(found));
        var (here, there) = quoted.Zip(found)
            .Select(pair => (Quoted: pair.First[quotedCommon.Length..], Found: pair.Second[foundCommon.Length..]))
            .Append((Quoted: quotedCommon, Found: foundCommon))
            .FirstOrDefault(pair => (Only(pair.Quoted, '\t') && Only(pair.Found, ' ')) || (Only(pair.Quoted, ' ') && Only(pair.Found, '\t')), (Quoted: "", Found: ""));
        var fromTabs = Only(here, '\t');
        var (tabs, spaces) = fromTabs ? (here.Length, there.Length) : (there.Length, here.Length);
        var width = tabs > 0 && spaces % tabs == 0 ? spaces / tabs : TabWidth;
        Func<string, string> same = line => line, toTabs = line => ToTabs(line, width), toSpaces = line => ToSpaces(line, width);
        return tabs == 0 ? [same, toTabs, toSpaces] : fromTabs ? [toSpaces, same, toTabs] : [toTabs, same, toSpaces];
    }

    private static bool Only(string indentation, char character) => indentation.Length > 0 && indentation.All(other => other == character);

    private static string ToTabs(string line, int tabWidth)
    {
        var leading = Leading(line);
        var width = leading.Sum(character => character == '\t' ? tabWidth : 1);
        return new string('\t', width / tabWidth) + new string(' ', width % tabWidth) + line[leading.Length..];
    }

    private static string ToSpaces(string line, int tabWidth)
    {
        var leading = Leading(line);
        return new string(' ', leading.Sum(character => character == '\t' ? tabWidth : 1)) + line[leading.Length..];
    }

    private sealed record IndentationChange(string Quoted, string Found, Func<string, string> Convert);
}
