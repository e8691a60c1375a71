using System.Buffers.Binary;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using AiCoder.Core.Agent.Qwen;
using AiCoder.Core.Failures;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Agent.Qwen;

/// <summary>Our side of the tunnel, with a gateway that the tests play and an inside that may be anybody.</summary>
public sealed class QwenTunnelTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Socket _gateway = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
    private readonly MemoryStream _output = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public QwenTunnelTests()
    {
        _gateway.Bind(new UnixDomainSocketEndPoint(_folder["model.sock"]));
        _gateway.Listen();
    }

    public void Dispose()
    {
        _gateway.Dispose();
        _output.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task A_question_and_its_answer_pass_however_their_bytes_are_cut()
    {
        await using var tunnel = Open();
        byte[] sent = [.. Frame('R', 0, ""), .. Frame('O', 0, "line 1\n"), .. Frame('Q', 1, "ques"), .. Frame('O', 0, "line 2\n"), .. Frame('Q', 1, "tion"), .. Frame('O', 0, "")];

        foreach (var one in sent)
            await tunnel.FromInside.WriteAsync(new[] { one }, Cancel);
        using var connection = await _gateway.AcceptAsync(Cancel);
        Assert.Equal("question", await ReadAsync(connection, 8));
        await connection.SendAsync(Encoding.UTF8.GetBytes("answer"), Cancel);
        connection.Close();

        var (type, _, opening) = await NextAsync(tunnel.ToInside);
        Assert.Equal('S', type);
        Assert.Equal(("the task", "{}"), (JsonDocument.Parse(opening).RootElement.GetProperty("prompt").GetString(), JsonDocument.Parse(opening).RootElement.GetProperty("settings").GetString()));
        Assert.Equal(('A', 1u, "answer"), await NextAsync(tunnel.ToInside));
        Assert.Equal(('C', 1u, ""), await NextAsync(tunnel.ToInside));
        Assert.Equal("line 1\nline 2\n", Encoding.UTF8.GetString(_output.ToArray()));
    }

    [Fact]
    public async Task Nobody_gets_the_answer_of_a_question_that_was_given_up()
    {
        await using var tunnel = Open();

        await tunnel.FromInside.WriteAsync(Frame('Q', 1, "first"), Cancel);
        using var first = await _gateway.AcceptAsync(Cancel);
        await tunnel.FromInside.WriteAsync(Frame('E', 1, ""), Cancel);
        await tunnel.FromInside.WriteAsync(Frame('Q', 2, "second"), Cancel);
        using var second = await _gateway.AcceptAsync(Cancel);
        await second.SendAsync(Encoding.UTF8.GetBytes("of the second"), Cancel);

        Assert.Equal(('A', 2u, "of the second"), await NextAsync(tunnel.ToInside));
        // The gateway sees that nobody waits any more.
        Assert.Equal("first", await ReadAsync(first, 5));
        Assert.Equal(0, await first.ReceiveAsync(new byte[1], Cancel));
    }

    [Fact]
    public async Task A_question_that_the_gateway_does_not_read_yet_holds_nobody_back_who_stops()
    {
        await using var tunnel = Open();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);

        var writing = tunnel.FromInside.WriteAsync(Frame('Q', 1, new string('x', 8 << 20)), stop.Token).AsTask();
        using var connection = await _gateway.AcceptAsync(Cancel);
        Assert.False(writing.IsCompleted);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => writing);
    }

    [Fact]
    public async Task An_answer_that_nobody_reads_holds_nobody_back_who_ends()
    {
        await using var tunnel = Open();
        await tunnel.FromInside.WriteAsync(Frame('Q', 1, "question"), Cancel);
        using var connection = await _gateway.AcceptAsync(Cancel);
        connection.SendBufferSize = 4096;
        var sending = connection.SendAsync(new byte[8 << 20], Cancel).AsTask();

        await tunnel.FromInside.WriteAsync(Frame('E', 1, ""), Cancel);

        await Assert.ThrowsAsync<SocketException>(() => sending);
    }

    [Fact]
    public async Task Answers_that_are_given_up_one_after_the_other_take_no_memory_without_end()
    {
        await using var tunnel = Open();
        for (var number = 1u; number <= 200; number++)
        {
            await tunnel.FromInside.WriteAsync(Frame('Q', number, "question"), Cancel);
            using var connection = await _gateway.AcceptAsync(Cancel);
            // So small a buffer that the answer fills it: there is room again when it has been read.
            connection.SendBufferSize = 16 * 1024;
            await connection.SendAsync(new byte[12 * 1024], Cancel);
            Assert.True(connection.Poll(TimeSpan.FromMinutes(1), SelectMode.SelectWrite));
            await tunnel.FromInside.WriteAsync(Frame('E', number, ""), Cancel);
        }

        Assert.True(tunnel.ToInside.TryRead(out var read));
        Assert.InRange(read.Buffer.Length, 1, 1 << 20);
        tunnel.ToInside.AdvanceTo(read.Buffer.End);
    }

    [Fact]
    public async Task Connections_without_end_are_closed_as_they_are_given_up()
    {
        await using var tunnel = Open();

        _gateway.Listen(1);

        // Nobody takes them.
        for (var number = 1u; number <= 100; number++)
            await tunnel.FromInside.WriteAsync(Frame('Q', number, "x"), Cancel);
    }

    [Theory]
    [InlineData("X\0\0\0\0\0\0\0\0")]
    [InlineData("npm warn something\n")]
    [InlineData("O\0\0\0\0\u007f\0\0\0")]
    public async Task What_is_not_of_our_own_program_ends_the_start(string text)
    {
        await using var tunnel = Open();

        var failure = await Assert.ThrowsAsync<FailureException>(() => tunnel.FromInside.WriteAsync(Encoding.Latin1.GetBytes(text), Cancel).AsTask());

        Assert.Equal(FailureCodes.EngineUnavailable, failure.Failure.Code);
    }

    private QwenTunnel Open() => new(_folder["model.sock"], new("the task", "{}"), _output);

    private static byte[] Frame(char type, uint number, string content)
    {
        var frame = new byte[9 + content.Length];
        frame[0] = (byte)type;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), number);
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(5), (uint)content.Length);
        Encoding.ASCII.GetBytes(content, frame.AsSpan(9));
        return frame;
    }

    private static async Task<(char Type, uint Number, string Content)> NextAsync(PipeReader reader)
    {
        var header = await BytesAsync(reader, 9);
        var content = await BytesAsync(reader, (int)BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(5)));
        return ((char)header[0], BinaryPrimitives.ReadUInt32BigEndian(header.AsSpan(1)), Encoding.UTF8.GetString(content));
    }

    private static async Task<byte[]> BytesAsync(PipeReader reader, int count)
    {
        if (count == 0)
            return [];
        var read = await reader.ReadAtLeastAsync(count, Cancel);
        var bytes = System.Buffers.BuffersExtensions.ToArray(read.Buffer.Slice(0, count));
        reader.AdvanceTo(read.Buffer.GetPosition(count));
        return bytes;
    }

    private static async Task<string> ReadAsync(Socket socket, int count)
    {
        var buffer = new byte[count];
        for (var read = 0; read < count;)
            read += await socket.ReceiveAsync(buffer.AsMemory(read), Cancel);
        return Encoding.UTF8.GetString(buffer);
    }
}
