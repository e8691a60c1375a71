namespace AiCoder.Cli.Terminal;

/// <summary>
/// A standard stream whose reader may go away or whose disk may be full: a task goes on all the same, and nothing is thrown.
/// </summary>
internal sealed class BestEffortStream(Stream inner) : Stream
{
    /// <summary>The first failure to write; null while everything was written.</summary>
    public IOException? Failure { get; private set; }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (Failure is not null)
            return;
        try
        {
            inner.Write(buffer);
        }
        catch (IOException exception)
        {
            Failure = exception;
        }
    }

    public override void Flush()
    {
        // The console's streams keep nothing back.
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
}
