using System.Globalization;
using System.Text;
using AiCoder.Core;
using AiCoder.Core.Tasks;

namespace AiCoder.Cli.Terminal;

/// <summary>How figures and states read.</summary>
internal static class ProgressText
{
    private const int LongestLine = 300;

    /// <summary><c>3 turns · 12,345 tokens · $0.0123</c>; nothing where nothing was spent.</summary>
    public static string Of(Usage usage)
    {
        if (usage.Turns == 0 && usage.TotalTokens == 0)
            return "";
        var text = new StringBuilder()
            .Append(CultureInfo.InvariantCulture, $"{usage.Turns} {(usage.Turns == 1 ? "turn" : "turns")}")
            .Append(CultureInfo.InvariantCulture, $" · {(usage.Estimated ? "about " : "")}{usage.TotalTokens:N0} tokens");
        if (usage.CostUsd is { } cost)
            text.Append(CultureInfo.InvariantCulture, $" · ${cost:0.0000}");
        return text.ToString();
    }

    public static string Of(TaskState state) => AiCoderJson.NameOf(state).Replace('_', ' ');

    /// <summary><c>7.3 s</c>, <c>2 min 05 s</c>, <c>1 h 02 min</c>.</summary>
    public static string Of(TimeSpan duration) => duration switch
    {
        { TotalSeconds: < 60 } => string.Create(CultureInfo.InvariantCulture, $"{duration.TotalSeconds:0.0} s"),
        { TotalMinutes: < 60 } => $"{(int)duration.TotalMinutes} min {duration.Seconds:00} s",
        _ => $"{(int)duration.TotalHours} h {duration.Minutes:00} min",
    };

    /// <summary>Text of several lines without control characters: what others wrote must not move the reader's cursor.</summary>
    public static string Printable(string text) =>
        string.Concat(text.ReplaceLineEndings("\n").Select(character => char.IsControl(character) && character is not ('\n' or '\t') ? '\uFFFD' : character));

    /// <summary>
    /// One line without control characters: what a repository or a model wrote must not move the cursor or forge a line.
    /// </summary>
    public static string OneLine(string text, int longest = LongestLine)
    {
        var line = new StringBuilder(Math.Min(text.Length, longest));
        foreach (var rune in text.EnumerateRunes())
        {
            if (line.Length >= longest)
                return line.Append('…').ToString();
            if (Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
                line.Append(' ');
            else
                line.Append(rune);
        }

        return line.ToString().Trim();
    }
}
