using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AiCoder.Core.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AiCoder.Core.Agent.Qwen;

/// <summary>
/// A model's endpoint on a Unix socket, for an agent that must not have the real one's key. Each question goes to whoever owns the
/// gateway, one at a time; nothing else can be reached through it.
/// </summary>
internal sealed class ModelGateway : IAsyncDisposable
{
    // A conversation of a million tokens has about 4 MB.
    private const long MostRequestBytes = 16L << 20;

    // Whatever runs beside the agent may connect as well; the agent itself needs a few.
    private const int MostConnections = 32;
    private static readonly TimeSpan SignOfLife = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StopBound = TimeSpan.FromSeconds(2);

    private readonly string _model;
    private readonly Func<ModelRequest, CancellationToken, Task<ModelAnswer>> _answer;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _oneAtATime = new(1);
    private readonly CancellationTokenSource _closing = new();
    private WebApplication? _app;

    private ModelGateway(string model, Func<ModelRequest, CancellationToken, Task<ModelAnswer>> answer, TimeProvider time) =>
        (_model, _answer, _time) = (model, answer, time);

    /// <summary>What callers have to show as their key: made for this gateway, worth nothing elsewhere.</summary>
    public string Token { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));

    /// <summary>Opens it.</summary>
    /// <param name="socket">Where, absolute; at most about 100 characters.</param>
    /// <param name="model">What the answers name as their model.</param>
    /// <param name="answer">
    /// Answers a question. What it throws ends the connection without an answer: it has told whoever waits for the agent's end.
    /// </param>
    /// <param name="time">For the signs of life.</param>
    /// <param name="cancellationToken">Ends the opening.</param>
    public static async Task<ModelGateway> OpenAsync(
        string socket, string model, Func<ModelRequest, CancellationToken, Task<ModelAnswer>> answer, TimeProvider time, CancellationToken cancellationToken)
    {
        var gateway = new ModelGateway(model, answer, time);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.ListenUnixSocket(socket, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Limits.MaxRequestBodySize = MostRequestBytes;
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
            kestrel.AddServerHeader = false;
        });
        gateway._app = builder.Build();
        gateway._app.Run(gateway.HandleAsync);
        try
        {
            await gateway._app.StartAsync(cancellationToken).ConfigureAwait(false);
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        if (_app is not null)
        {
            using var bound = new CancellationTokenSource(StopBound, _time);
            await _app.StopAsync(bound.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await _app.DisposeAsync().ConfigureAwait(false);
        }

        // Whoever is still answering has seen the cancel, and holds what it writes to until it is done.
        await _oneAtATime.WaitAsync(CancellationToken.None).ConfigureAwait(false);
        _oneAtATime.Dispose();
        _closing.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _closing.Token);
        try
        {
            if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(context.Request.Headers.Authorization.ToString()), Encoding.UTF8.GetBytes($"Bearer {Token}")))
                await RefuseAsync(context, StatusCodes.Status401Unauthorized, "The key is not this gateway's.", ended.Token).ConfigureAwait(false);
            else if (HttpMethods.IsPost(context.Request.Method) && context.Request.Path.Value?.EndsWith("/chat/completions", StringComparison.Ordinal) == true)
                await CompleteAsync(context, ended.Token).ConfigureAwait(false);
            else
                await RefuseAsync(context, StatusCodes.Status404NotFound, "This gateway serves chat completions only.", ended.Token).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The agent went away, or is about to be ended: whoever answers has said why to whoever needs to know.
            context.Abort();
        }
    }

    private async Task CompleteAsync(HttpContext context, CancellationToken cancellationToken)
    {
        // Before the question is read: of many at once, one is in memory.
        await _oneAtATime.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            await AnswerAsync(context, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private async Task AnswerAsync(HttpContext context, CancellationToken cancellationToken)
    {
        (ModelRequest Request, bool Stream) asked;
        try
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, cancellationToken).ConfigureAwait(false);
            asked = GatewayWire.Read(body.GetBuffer().AsMemory(0, (int)body.Length));
        }
        catch (JsonException exception)
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, exception.Message, cancellationToken).ConfigureAwait(false);
            return;
        }

        // Whoever asks may go away, but not take the question back: what it costs is counted when its answer is there.
        var answer = _answer(asked.Request, _closing.Token);
        try
        {
            await WriteAsync(context, asked.Stream, answer, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await ((Task)answer).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task WriteAsync(HttpContext context, bool stream, Task<ModelAnswer> answer, CancellationToken cancellationToken)
    {
        if (!stream)
        {
            var whole = await answer.ConfigureAwait(false);
            context.Response.ContentType = "application/json; charset=utf-8";
            await context.Response.WriteAsync(GatewayWire.Whole(whole, _model), cancellationToken).ConfigureAwait(false);
            return;
        }

        context.Response.ContentType = "text/event-stream; charset=utf-8";
        await context.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
        // An endpoint that is waited for takes minutes, and clients take silence for an end.
        while (await Task.WhenAny(answer, Task.Delay(SignOfLife, _time, cancellationToken)).ConfigureAwait(false) != answer && !cancellationToken.IsCancellationRequested)
        {
            await context.Response.WriteAsync(GatewayWire.Waiting(_model), cancellationToken).ConfigureAwait(false);
            await context.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        await context.Response.WriteAsync(GatewayWire.Stream(await answer.ConfigureAwait(false), _model), cancellationToken).ConfigureAwait(false);
    }

    private static Task RefuseAsync(HttpContext context, int status, string message, CancellationToken cancellationToken)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(GatewayWire.Error(message), cancellationToken);
    }
}
