namespace AiCoder.Core.Tools;

/// <summary>Which lines of a new text are lines of the old one.</summary>
internal static class LineAlignment
{
    // The alignment is quadratic; above this many cells only equal heads and tails are kept.
    private const int Limit = 1_000_000;

    /// <summary>For each new line the old line that it is, or -1: a longest common subsequence.</summary>
    public static int[] Of(ReadOnlySpan<string> oldLines, ReadOnlySpan<string> newLines)
    {
        var kept = new int[newLines.Length];
        Array.Fill(kept, -1);
        var head = 0;
        while (head < Math.Min(oldLines.Length, newLines.Length) && oldLines[head] == newLines[head])
            kept[head] = head++;
        var tail = 0;
        while (tail < Math.Min(oldLines.Length, newLines.Length) - head && oldLines[^(tail + 1)] == newLines[^(tail + 1)])
        {
            tail++;
            kept[^tail] = oldLines.Length - tail;
        }

        int rows = oldLines.Length - head - tail, columns = newLines.Length - head - tail;
        if ((long)rows * columns is 0 or > Limit)
            return kept;

        var lengths = new int[rows + 1, columns + 1];
        for (var row = rows - 1; row >= 0; row--)
        {
            for (var column = columns - 1; column >= 0; column--)
                lengths[row, column] = oldLines[head + row] == newLines[head + column]
                    ? lengths[row + 1, column + 1] + 1
                    : Math.Max(lengths[row + 1, column], lengths[row, column + 1]);
        }

        for (int row = 0, column = 0; row < rows && column < columns;)
        {
            if (oldLines[head + row] == newLines[head + column])
                kept[head + column++] = head + row++;
            else if (lengths[row + 1, column] >= lengths[row, column + 1])
                row++;
            else
                column++;
        }

        return kept;
    }
}
