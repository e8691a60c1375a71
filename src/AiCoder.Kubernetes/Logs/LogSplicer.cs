using System.Buffers;
using System.Text;

namespace AiCoder.Kubernetes.Logs;

/// <summary>
/// Makes one log of several connections whose contents overlap: each of the container's lines is written once, byte by byte as it
/// was, and without the time that stands before it. A connection may break anywhere, in the middle of a line too.
/// </summary>
/// <param name="output">Gets the container's output.</param>
/// <param name="notice">Gets what stands in the log without a time: words of the node about the log.</param>
internal sealed class LogSplicer(Stream output, Action<string> notice)
{
    private const int LongestNotice = 500;

    private readonly SeenLines _seen = new();
    private readonly Dictionary<long, int> _again = [];
    private readonly ArrayBufferWriter<byte> _pending = new();
    private readonly List<byte> _head = [];
    private Part _part = Part.Head;

    // Whether lines may still be such that were written before.
    private bool _overlaps;
    private bool _writes;

    // How much of the last line is written, where its end has not come; and how much of that the connection has shown again.
    private long? _cutAfter;
    private long _toSkip;

    /// <summary>The time of the last line that was written, or begun; null before the first.</summary>
    public DateTimeOffset? LastTime => _seen.Last is { } last ? LogTimestamp.ToTime(last) : null;

    /// <summary>A new connection begins. It may show again what was written, and must show it in the same order.</summary>
    public void Begin()
    {
        End();
        _again.Clear();
        _overlaps = _seen.Last is not null;
    }

    /// <summary>Takes what came.</summary>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            bytes = _part switch
            {
                Part.Head => TakeHead(bytes),
                Part.Body => TakeBody(bytes),
                _ => TakeNotice(bytes),
            };
        }

        output.Write(_pending.WrittenSpan);
        _pending.ResetWrittenCount();
    }

    /// <summary>The connection is at its end.</summary>
    public void End()
    {
        if (_part == Part.Notice)
            GiveNotice();
        _head.Clear();
        _part = Part.Head;
    }

    private ReadOnlySpan<byte> TakeHead(ReadOnlySpan<byte> bytes)
    {
        var end = bytes.IndexOfAny((byte)' ', (byte)'\n');
        _head.AddRange(end < 0 ? bytes : bytes[..end]);
        if (end < 0 && _head.Count <= LogTimestamp.Longest)
            return [];
        if (end < 0 || !LogTimestamp.TryParse([.. _head], out var time))
        {
            _part = Part.Notice;
            return end < 0 ? [] : bytes[end..];
        }

        _head.Clear();
        BeginLine(time);
        _part = Part.Body;
        return bytes[end] == ' ' ? bytes[(end + 1)..] : bytes[end..];
    }

    private void BeginLine(long time)
    {
        _toSkip = 0;
        if (!_overlaps)
        {
            Write(time);
            return;
        }

        var nth = _again.GetValueOrDefault(time) + 1;
        _again[time] = nth;
        var known = _seen.CountOf(time);
        if (nth < known || (nth == known && time != _seen.Last) || (known == 0 && _seen.IsForgotten(time)))
        {
            _writes = false;
        }
        else if (nth == known)
        {
            // The last line that was written: from here on all is new.
            _overlaps = false;
            _writes = _cutAfter is not null;
            _toSkip = _cutAfter ?? 0;
        }
        else
        {
            // The last line is not shown again: the log was rotated meanwhile.
            _overlaps = false;
            Write(time);
        }
    }

    private void Write(long time)
    {
        if (_cutAfter is > 0)
            _pending.Write("\n"u8);
        _seen.Add(time);
        _writes = true;
        _cutAfter = 0;
    }

    private ReadOnlySpan<byte> TakeBody(ReadOnlySpan<byte> bytes)
    {
        var newline = bytes.IndexOf((byte)'\n');
        var line = newline < 0 ? bytes : bytes[..(newline + 1)];
        if (_writes)
        {
            var skipped = (int)Math.Min(_toSkip, line.Length);
            _toSkip -= skipped;
            _pending.Write(line[skipped..]);
            _cutAfter += line.Length - skipped;
        }

        if (newline < 0)
            return [];
        if (_writes)
            _cutAfter = null;
        _part = Part.Head;
        return bytes[(newline + 1)..];
    }

    private ReadOnlySpan<byte> TakeNotice(ReadOnlySpan<byte> bytes)
    {
        var newline = bytes.IndexOf((byte)'\n');
        var text = newline < 0 ? bytes : bytes[..newline];
        _head.AddRange(text[..Math.Min(text.Length, Math.Max(0, LongestNotice - _head.Count))]);
        if (newline < 0)
            return [];
        GiveNotice();
        return bytes[(newline + 1)..];
    }

    private void GiveNotice()
    {
        if (_head.Count > 0)
            notice(Encoding.UTF8.GetString([.. _head]));
        _head.Clear();
        _part = Part.Head;
    }

    private enum Part
    {
        Head,
        Body,
        Notice,
    }
}
