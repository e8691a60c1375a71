namespace AiCoder.Core.Agent.Qwen;

/// <summary>Takes what a program prints, and hands on each whole line.</summary>
/// <param name="take">Gets a line without its end, in UTF-8.</param>
/// <param name="longest">Bytes of the longest line that is handed on; longer ones are passed over.</param>
internal sealed class LineStream(Action<ReadOnlyMemory<byte>> take, int longest = 16 << 20) : WriteOnlyStream
{
    private readonly MemoryStream _line = new();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        for (var end = buffer.IndexOf((byte)'\n'); end >= 0; end = buffer.IndexOf((byte)'\n'))
        {
            Keep(buffer[..end]);
            if (_line.Length <= longest)
                take(_line.GetBuffer().AsMemory(0, (int)_line.Length));
            _line.SetLength(0);
            buffer = buffer[(end + 1)..];
        }

        Keep(buffer);
    }

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    // One byte past the bound says that the line is too long; no more of it is kept.
    private void Keep(ReadOnlySpan<byte> bytes) => _line.Write(bytes[..(int)Math.Min(bytes.Length, Math.Max(0, longest + 1 - _line.Length))]);
}
