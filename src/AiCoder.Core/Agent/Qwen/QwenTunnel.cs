using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Reflection;
using System.Text.Json;
using AiCoder.Core.Failures;

namespace AiCoder.Core.Agent.Qwen;

/// <summary>
/// The way from an agent on another machine to the gateway here, through the standard input and output of what runs beside it
/// (<c>inside.cjs</c>). That asks one question at a time, so that no connection waits for another one's bytes.
/// </summary>
/// <remarks>
/// Frames: a type, the connection's number, the length of what follows (32 bits each, high byte first). From inside: <c>R</c> ready,
/// <c>O</c> the agent's output, <c>Q</c> bytes of a question, <c>E</c> nobody waits for its answer any more. To inside: <c>S</c> the
/// opening, <c>A</c> bytes of an answer, <c>C</c> there is no more of it.
/// </remarks>
internal sealed class QwenTunnel : IAsyncDisposable
{
    private const int HeaderLength = 9;

    // What inside sends is what a pipe gives it or a question; more at once is none of ours.
    private const int LongestFrame = 32 << 20;
    private const int AnswerPiece = 32 * 1024;

    private readonly string _socket;
    private readonly QwenOpening _opening;
    private readonly Stream _output;
    private readonly Pipe _toInside = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly byte[] _header = new byte[HeaderLength];
    private int _headerRead;
    private int _left;
    private Connection? _connection;

    /// <param name="socket">The gateway's.</param>
    /// <param name="opening">What the agent is started with.</param>
    /// <param name="output">Takes the agent's output.</param>
    public QwenTunnel(string socket, QwenOpening opening, Stream output)
    {
        (_socket, _opening, _output) = (socket, opening, output);
        FromInside = new FrameStream(TakeAsync);
    }

    /// <summary>The program for inside, for <c>node -e</c>.</summary>
    public static string InsideScript { get; } = Read("inside.cjs");

    /// <summary>What is to be written to it.</summary>
    public PipeReader ToInside => _toInside.Reader;

    /// <summary>Takes what it writes.</summary>
    public Stream FromInside { get; }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        // Whoever still writes an answer has nobody left that reads it.
        await _toInside.Reader.CompleteAsync().ConfigureAwait(false);
        await CloseAsync().ConfigureAwait(false);
        await _toInside.Writer.CompleteAsync().ConfigureAwait(false);
        _sending.Dispose();
    }

    private async ValueTask TakeAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        while (bytes.Length > 0)
        {
            if (_headerRead < HeaderLength)
            {
                var count = Math.Min(HeaderLength - _headerRead, bytes.Length);
                bytes[..count].CopyTo(_header.AsMemory(_headerRead));
                bytes = bytes[count..];
                _headerRead += count;
                if (_headerRead < HeaderLength)
                    return;
                await BeginAsync(stop).ConfigureAwait(false);
            }

            var part = bytes[..Math.Min(_left, bytes.Length)];
            bytes = bytes[part.Length..];
            _left -= part.Length;
            if (part.Length > 0)
                await ContentAsync(part, stop).ConfigureAwait(false);
            if (_left == 0)
                _headerRead = 0;
        }
    }

    private uint Number => BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(1));

    /// <summary>A frame's header is there.</summary>
    private async ValueTask BeginAsync(CancellationToken stop)
    {
        var length = BinaryPrimitives.ReadUInt32BigEndian(_header.AsSpan(5));
        if (length > LongestFrame)
            throw Garbled();
        _left = (int)length;
        switch ((char)_header[0])
        {
            case 'R' when length == 0:
                await SendAsync('S', 0, JsonSerializer.SerializeToUtf8Bytes(_opening, JsonSerializerOptions.Web), stop).ConfigureAwait(false);
                break;
            case 'E' when length == 0:
                if (_connection?.Number == Number)
                    await CloseAsync().ConfigureAwait(false);
                break;
            case 'Q':
                if (_connection?.Number != Number)
                    await ConnectAsync(Number, stop).ConfigureAwait(false);
                break;
            case 'O':
                break;
            default:
                throw Garbled();
        }
    }

    private async ValueTask ContentAsync(ReadOnlyMemory<byte> part, CancellationToken stop)
    {
        if (_header[0] == 'O')
            await _output.WriteAsync(part, stop).ConfigureAwait(false);
        else if (_connection is { } connection)
            await connection.WriteAsync(part, stop).ConfigureAwait(false);
    }

    private async ValueTask ConnectAsync(uint number, CancellationToken stop)
    {
        await CloseAsync().ConfigureAwait(false);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(_socket), stop).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            // More connections than it can take: none of the agent's doing, but something else may run there.
            socket.Dispose();
            await SendAsync('C', number, default, stop).ConfigureAwait(false);
            return;
        }
        catch
        {
            socket.Dispose();
            throw;
        }

        _connection = new(number, socket, SendAsync);
    }

    private async ValueTask CloseAsync()
    {
        if (_connection is not { } connection)
            return;
        _connection = null;
        await connection.DisposeAsync().ConfigureAwait(false);
    }

    private async Task SendAsync(char type, uint number, ReadOnlyMemory<byte> content, CancellationToken stop)
    {
        await _sending.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            // Of answers that were given up while they waited for room each has left a frame: without it there is no room for more.
            await _toInside.Writer.FlushAsync(stop).ConfigureAwait(false);
            var header = _toInside.Writer.GetMemory(HeaderLength);
            header.Span[0] = (byte)type;
            BinaryPrimitives.WriteUInt32BigEndian(header.Span[1..], number);
            BinaryPrimitives.WriteUInt32BigEndian(header.Span[5..], (uint)content.Length);
            _toInside.Writer.Advance(HeaderLength);
            // The whole frame is there before it waits for room, so that giving up leaves none in part.
            await _toInside.Writer.WriteAsync(content, stop).ConfigureAwait(false);
        }
        finally
        {
            _sending.Release();
        }
    }

    private static FailureException Garbled() =>
        new(FailureCodes.EngineUnavailable, "What came from the sandbox of Qwen Code was not of our own program beside it: something that runs there wrote to its output.");

    private static string Read(string name)
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(typeof(QwenTunnel), name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>A connection to the gateway.</summary>
    private sealed class Connection : IAsyncDisposable
    {
        private readonly NetworkStream _stream;
        private readonly Task _answering;
        private readonly CancellationTokenSource _closing = new();

        public Connection(uint number, Socket socket, Func<char, uint, ReadOnlyMemory<byte>, CancellationToken, Task> send)
        {
            Number = number;
            _stream = new(socket, ownsSocket: true);
            _answering = AnswerAsync(send);
        }

        public uint Number { get; }

        public async ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken stop)
        {
            try
            {
                await _stream.WriteAsync(bytes, stop).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // The gateway has closed it, which its other side tells.
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _closing.CancelAsync().ConfigureAwait(false);
            await _answering.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _stream.DisposeAsync().ConfigureAwait(false);
            _closing.Dispose();
        }

        private async Task AnswerAsync(Func<char, uint, ReadOnlyMemory<byte>, CancellationToken, Task> send)
        {
            var buffer = new byte[AnswerPiece];
            try
            {
                int count;
                while ((count = await _stream.ReadAsync(buffer, _closing.Token).ConfigureAwait(false)) > 0)
                    await send('A', Number, buffer.AsMemory(0, count), _closing.Token).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // The gateway has given the question up.
            }

            await send('C', Number, default, _closing.Token).ConfigureAwait(false);
        }
    }

    /// <summary>Hands on what is written to it.</summary>
    private sealed class FrameStream(Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> take) : WriteOnlyStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => take(buffer, cancellationToken);
    }
}

/// <summary>What the agent reads first.</summary>
/// <param name="Prompt">The whole task.</param>
/// <param name="Settings">Its settings, as the file that nothing overrides.</param>
internal sealed record QwenOpening(string Prompt, string Settings);
