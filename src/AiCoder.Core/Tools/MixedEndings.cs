using System.Text;

namespace AiCoder.Core.Tools;

/// <summary>
/// Line endings for what replaces a piece of a file whose lines end in different ways: a line that stays keeps its own, a line in
/// place of another takes that one's, an added line takes that of the line before it.
/// </summary>
internal static class MixedEndings
{
    /// <summary>The replacement with the endings that fit the place.</summary>
    public static string Of(LineEndingView view, TextEdit.Place place, string fallback)
    {
        var before = view.Text[place.Start..place.End].Split('\n');
        var after = place.Replacement.Split('\n');
        var endings = new string?[before.Length];
        for (int index = 0, at = place.Start; index < before.Length; at += before[index++].Length + 1)
        {
            // The last piece's line goes on behind the place, or ends with it.
            var end = at + before[index].Length;
            endings[index] = end < view.Text.Length && view.Text[end] == '\n' ? view.EndingAt(end) : null;
        }

        var partners = Partners(LineAlignment.Of(before, after), before.Length);
        var result = new StringBuilder();
        var previous = view.EndingNear(place.Start, place.End) ?? fallback;
        for (var index = 0; index < after.Length - 1; index++)
        {
            if (partners[index] >= 0)
                previous = endings[partners[index]] ?? previous;
            result.Append(after[index]).Append(previous);
        }

        return result.Append(after[^1]).ToString();
    }

    /// <summary>For each new line the old one that it is or stands in place of; an added line has that of the line before it; -1: none.</summary>
    private static int[] Partners(int[] kept, int oldCount)
    {
        var next = new int[kept.Length];
        for (int index = kept.Length - 1, following = oldCount; index >= 0; index--)
            next[index] = following = kept[index] >= 0 ? kept[index] : following;

        var partners = new int[kept.Length];
        for (int index = 0, old = -1; index < kept.Length; index++)
            partners[index] = old = kept[index] >= 0 ? kept[index] : old + 1 < next[index] ? old + 1 : old;
        return partners;
    }
}
