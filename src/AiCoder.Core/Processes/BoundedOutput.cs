using System.Globalization;
using System.Text;

namespace AiCoder.Core.Processes;

/// <summary>
/// Keeps the head and the tail of a text of any length in bounded memory. Never cuts a character in two. Not thread-safe.
/// </summary>
public sealed class BoundedOutput
{
    private readonly int _headLimit;
    private readonly StringBuilder _head = new();
    private readonly char[] _tail;
    private long _tailTotal;

    /// <param name="limit">Characters (UTF-16) that are kept, at least 2; the note about what was left out comes on top.</param>
    public BoundedOutput(int limit)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(limit, 2);
        _headLimit = limit / 2;
        _tail = new char[limit - _headLimit];
    }

    /// <summary>Characters that were appended in all.</summary>
    public long Total => _head.Length + _tailTotal;

    /// <summary>The text, or its head and its tail where it is longer than the limit.</summary>
    public static string Cut(string text, int limit)
    {
        if (text.Length <= limit)
            return text;
        var output = new BoundedOutput(limit);
        output.Append(text);
        return output.ToString();
    }

    public void Append(ReadOnlySpan<char> text)
    {
        if (_tailTotal == 0 && _head.Length < _headLimit)
        {
            var taken = Math.Min(text.Length, _headLimit - _head.Length);
            _head.Append(text[..taken]);
            text = text[taken..];
        }

        if (text.Length > _tail.Length)
        {
            _tailTotal += text.Length - _tail.Length;
            text = text[^_tail.Length..];
        }

        while (text.Length > 0)
        {
            var at = (int)(_tailTotal % _tail.Length);
            var taken = Math.Min(text.Length, _tail.Length - at);
            text[..taken].CopyTo(_tail.AsSpan(at));
            _tailTotal += taken;
            text = text[taken..];
        }
    }

    /// <summary>What was kept, with a note in the middle where something was left out.</summary>
    public override string ToString()
    {
        if (_tailTotal == 0)
            return _head.ToString();

        var text = new StringBuilder(_head.Length + _tail.Length + 64).Append(_head);
        if (_tailTotal <= _tail.Length)
            return text.Append(_tail, 0, (int)_tailTotal).ToString();

        var left = _tailTotal - _tail.Length;
        if (char.IsHighSurrogate(text[^1]))
        {
            text.Length--;
            left++;
        }

        var at = (int)(_tailTotal % _tail.Length);
        var tail = string.Concat(_tail.AsSpan(at), _tail.AsSpan(0, at));
        if (char.IsLowSurrogate(tail[0]))
        {
            tail = tail[1..];
            left++;
        }

        return text
            .Append(CultureInfo.InvariantCulture, $"\n[… {left} characters left out …]\n")
            .Append(tail)
            .ToString();
    }
}
