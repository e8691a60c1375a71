using AiCoder.Core.Failures;

namespace AiCoder.Core.Models;

/// <summary>Reads an endpoint's answer up to a bound: one that never ends a line, or never ends, would take all memory.</summary>
internal sealed class AnswerStream(Stream inner, ModelEndpoint endpoint) : Stream
{
    // A long answer with its reasoning, in chunks of one token each, has some 40 MB.
    private const long Most = 64L << 20;

    private long _read;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => _read;
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        Count(await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => Count(inner.Read(buffer, offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private int Count(int count) => (_read += count) <= Most
        ? count
        : throw new FailureException(
            FailureCodes.ModelUnusable,
            $"The model endpoint {endpoint.Address.Host} sent more than {Most >> 20} MB for one answer and was cut off. Check {endpoint.AddressSetting}, or use another model.");
}
