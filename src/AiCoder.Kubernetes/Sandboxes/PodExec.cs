using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using AiCoder.Kubernetes.Clusters;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>
/// Runs a program in a pod's container over a WebSocket. The client's own demultiplexer keeps whatever nobody has read yet; here
/// the reading is the brake, so that endless output fills no memory. That the connection ends says nothing of the program: it
/// goes on running.
/// </summary>
/// <remarks>
/// Each message begins with the number of its stream: 0 to 2 as everywhere, 3 the end, as a Status (subprotocol v4.channel.k8s.io).
/// </remarks>
internal sealed class PodExec(Cluster cluster, SandboxBounds bounds, TimeProvider time)
{
    private const string Protocol = "v4.channel.k8s.io";
    private const byte Input = 0;
    private const byte Output = 1;
    private const byte Error = 2;
    private const byte End = 3;
    private const int InputPiece = 16 * 1024;
    private const int LongestEnd = 64 * 1024;
    private static readonly TimeSpan CloseBound = TimeSpan.FromSeconds(2);

    /// <summary>Runs it to its end.</summary>
    /// <param name="pod">The pod's name.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="input">Its standard input; it is not told that there is no more.</param>
    /// <param name="further">What comes after that, read until the program ends; null: nothing.</param>
    /// <param name="output">Takes what it prints; true: on standard error. Never called at the same time from two threads.</param>
    /// <param name="stop">Ends the connection and the waiting; the program goes on.</param>
    /// <exception cref="OperationCanceledException">Stopped.</exception>
    public async Task<ExecEnd> RunAsync(
        string pod,
        IReadOnlyList<string> command,
        ReadOnlyMemory<byte> input,
        PipeReader? further,
        Func<bool, ReadOnlyMemory<byte>, CancellationToken, ValueTask> output,
        CancellationToken stop)
    {
        WebSocket socket;
        using (var bound = new CancellationTokenSource(bounds.Connect, time))
        using (var either = CancellationTokenSource.CreateLinkedTokenSource(stop, bound.Token))
        {
            try
            {
                socket = await cluster.Client.WebSocketNamespacedPodExecAsync(
                    pod, cluster.Namespace, command, SandboxManifests.Container,
                    stderr: true, stdin: !input.IsEmpty, stdout: true, tty: false,
                    // Without it a server falls back to a protocol that has no exit code.
                    webSocketSubProtocol: Protocol, cancellationToken: either.Token);
            }
            catch (Exception exception) when (exception is HttpOperationException or WebSocketException or HttpRequestException or IOException or OperationCanceledException)
            {
                stop.ThrowIfCancellationRequested();
                return new(null, ClusterErrors.Reason(exception), Began: false) { Refusal = exception };
            }
        }

        using (socket)
        {
            using var ended = CancellationTokenSource.CreateLinkedTokenSource(stop);
            var feeding = Task.CompletedTask;
            try
            {
                await SendAsync(socket, input, stop);
                if (further is not null)
                    feeding = FeedAsync(socket, further, ended.Token);
                return await ReadAsync(socket, output, stop);
            }
            catch (Exception exception) when (exception is WebSocketException or HttpRequestException or ObjectDisposedException or InvalidOperationException)
            {
                stop.ThrowIfCancellationRequested();
                return new(null, exception.Message);
            }
            finally
            {
                await ended.CancelAsync();
                // Where it failed, the connection did, and the reading has seen that too.
                await feeding.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                await CloseAsync(socket);
            }
        }
    }

    private static async Task SendAsync(WebSocket socket, ReadOnlyMemory<byte> input, CancellationToken stop)
    {
        var message = new byte[1 + InputPiece];
        message[0] = Input;
        while (input.Length > 0)
        {
            var length = Math.Min(InputPiece, input.Length);
            input[..length].CopyTo(message.AsMemory(1));
            await socket.SendAsync(message.AsMemory(0, 1 + length), WebSocketMessageType.Binary, endOfMessage: true, stop);
            input = input[length..];
        }
    }

    private static async Task FeedAsync(WebSocket socket, PipeReader further, CancellationToken stop)
    {
        while (true)
        {
            var read = await further.ReadAsync(stop);
            foreach (var piece in read.Buffer)
                await SendAsync(socket, piece, stop);
            further.AdvanceTo(read.Buffer.End);
            if (read.IsCompleted)
                return;
        }
    }

    private static async Task<ExecEnd> ReadAsync(WebSocket socket, Func<bool, ReadOnlyMemory<byte>, CancellationToken, ValueTask> output, CancellationToken stop)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(64 * 1024);
        using var status = new MemoryStream();
        try
        {
            byte? stream = null;
            while (true)
            {
                var received = await socket.ReceiveAsync(buffer.AsMemory(), stop);
                if (received.MessageType == WebSocketMessageType.Close)
                    return EndOf(status);
                var bytes = buffer.AsMemory(0, received.Count);
                if (stream is null && bytes.Length > 0)
                {
                    stream = bytes.Span[0];
                    bytes = bytes[1..];
                }

                if (stream is Output or Error && bytes.Length > 0)
                    await output(stream == Error, bytes, stop);
                else if (stream == End && status.Length + bytes.Length <= LongestEnd)
                    status.Write(bytes.Span);
                if (!received.EndOfMessage)
                    continue;
                // Nothing comes after the end.
                if (stream == End && status.Length > 0)
                    return EndOf(status);
                stream = null;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static ExecEnd EndOf(MemoryStream written)
    {
        V1Status? status = null;
        var text = Encoding.UTF8.GetString(written.GetBuffer(), 0, (int)written.Length);
        try
        {
            if (text.Length > 0)
                status = KubernetesJson.Deserialize<V1Status>(text);
        }
        catch (JsonException)
        {
            // Its text is the best there is.
        }

        if (status?.Status == "Success")
            return new(0);
        var code = status?.Reason == "NonZeroExitCode"
            ? status.Details?.Causes?.FirstOrDefault(cause => cause.Reason == "ExitCode")?.Message
            : null;
        return int.TryParse(code, out var exitCode)
            ? new(exitCode)
            : new(null, status?.Message ?? (text.Length > 0 ? text : "the connection ended"));
    }

    private async Task CloseAsync(WebSocket socket)
    {
        if (socket.State is not (WebSocketState.Open or WebSocketState.CloseReceived))
            return;
        using var bound = new CancellationTokenSource(CloseBound, time);
        try
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, bound.Token);
        }
        catch (Exception exception) when (exception is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            // It is gone already.
        }
    }
}
