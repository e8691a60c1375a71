using System.Text;

namespace AiCoder.Core.Tools;

/// <summary>A text with <c>\n</c> at every line's end, and the way back to where each character stood.</summary>
internal sealed class LineEndingView
{
    private readonly string _original;

    // For each character of Text where it stands in the original; null where both are the same.
    private readonly int[]? _positions;

    public LineEndingView(string original)
    {
        _original = original;
        if (!original.Contains('\r', StringComparison.Ordinal))
        {
            Text = original;
            return;
        }

        var text = new StringBuilder(original.Length);
        _positions = new int[original.Length + 1];
        for (var index = 0; index < original.Length; index++)
        {
            _positions[text.Length] = index;
            if (original[index] != '\r')
            {
                text.Append(original[index]);
                continue;
            }

            text.Append('\n');
            if (index + 1 < original.Length && original[index + 1] == '\n')
                index++;
        }

        _positions[text.Length] = original.Length;
        Text = text.ToString();
        IsMixed = Endings().Distinct().Skip(1).Any();
    }

    /// <summary>Whether its lines end in different ways.</summary>
    public bool IsMixed { get; }

    /// <summary>The text with <c>\n</c> only.</summary>
    public string Text { get; }

    public static string Normalize(string text) =>
        text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');

    /// <summary>Where a position of <see cref="Text"/> is in the original.</summary>
    public int Original(int position) => _positions is null ? position : _positions[position];

    /// <summary>The number, from 1, of the line that a position of <see cref="Text"/> is in.</summary>
    public int LineOf(int position) => Text.AsSpan(0, position).Count('\n') + 1;

    /// <summary>How the line of the original ends whose <c>\n</c> stands at a position of <see cref="Text"/>.</summary>
    public string EndingAt(int position) => _original[Original(position)..Original(position + 1)];

    /// <summary>The first line ending between two positions, or else the one after or before them; null: there is none.</summary>
    public string? EndingNear(int start, int end)
    {
        var at = Text.IndexOf('\n', start, end - start);
        if (at < 0)
            at = Text.IndexOf('\n', end);
        if (at < 0 && start > 0)
            at = Text.LastIndexOf('\n', start - 1);
        return at < 0 ? null : EndingAt(at);
    }

    private IEnumerable<string> Endings()
    {
        for (var at = Text.IndexOf('\n', StringComparison.Ordinal); at >= 0; at = Text.IndexOf('\n', at + 1))
            yield return EndingAt(at);
    }
}
