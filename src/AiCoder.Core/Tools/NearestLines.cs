using System.Globalization;

namespace AiCoder.Core.Tools;

/// <summary>Says what stands in a file where a quoted text was not found.</summary>
internal static class NearestLines
{
    private const int ShownLines = 30;
    private const int ComparedLines = 50_000;
    private const double Alike = 0.35;

    /// <summary>A sentence for the model, with the lines that are most like the quote.</summary>
    public static string Describe(string text, string wanted)
    {
        var lines = text.Split('\n');
        var quoted = wanted.TrimEnd('\n').Split('\n');
        if (Best(lines, quoted) is not { } at)
            return $"old_text was not found, and nothing in the file is like it. The file has {lines.Length} lines: read it again, and quote what stands there.";

        var count = Math.Min(Math.Min(quoted.Length + 2, ShownLines), lines.Length - at);
        var shown = lines.Skip(at).Take(count)
            .Select((line, index) => string.Create(CultureInfo.InvariantCulture, $"{at + index + 1}\t{Cut(line)}"));
        return $"old_text was not found. The nearest lines are:\n{string.Join('\n', shown)}\nQuote them exactly (without the line numbers), or replace the whole file with write_file.";
    }

    /// <summary>Where the quote's lines agree most with the file's; null: nowhere.</summary>
    private static int? Best(string[] lines, string[] quoted)
    {
        var places = new Dictionary<string, List<int>>();
        foreach (var (index, line) in lines.Take(ComparedLines).Index())
        {
            if (line.Trim() is { Length: > 2 } trimmed)
                (places.TryGetValue(trimmed, out var list) ? list : places[trimmed] = []).Add(index);
        }

        var votes = new Dictionary<int, int>();
        foreach (var (offset, line) in quoted.Take(ShownLines).Index())
        {
            // A line that stands everywhere says nothing about where.
            if (places.TryGetValue(line.Trim(), out var list) && list.Count < 20)
                list.ForEach(index => votes[index - offset] = votes.GetValueOrDefault(index - offset) + 1);
        }

        if (votes.Count > 0)
            return Math.Max(0, votes.MaxBy(vote => (vote.Value, -vote.Key)).Key);

        var (anchor, key) = quoted.Index().MaxBy(line => line.Item.Trim().Length);
        var grams = Grams(key);
        if (grams.Count == 0)
            return null;
        var (best, score) = lines.Take(ComparedLines)
            .Select((line, index) => (index, Score: Similarity(grams, Grams(line))))
            .MaxBy(candidate => candidate.Score);
        return score < Alike ? null : Math.Max(0, best - anchor);
    }

    private static HashSet<(char, char)> Grams(string line)
    {
        var trimmed = line.Trim();
        var grams = new HashSet<(char, char)>();
        for (var index = 1; index < Math.Min(trimmed.Length, 200); index++)
            grams.Add((trimmed[index - 1], trimmed[index]));
        return grams;
    }

    private static double Similarity(HashSet<(char, char)> left, HashSet<(char, char)> right) =>
        right.Count == 0 ? 0 : 2.0 * left.Count(right.Contains) / (left.Count + right.Count);

    private static string Cut(string line) => TextLimit.Cut(line, 300);
}
