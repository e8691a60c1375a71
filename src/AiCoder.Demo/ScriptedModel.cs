using System.Net;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace AiCoder.Demo;

/// <summary>
/// An OpenAI-compatible model on a loopback socket that answers by a script: no model at all, and it says so in its answers'
/// <c>model</c> field. Takes <c>…/chat/completions</c> (streamed and not), Azure's
/// <c>/openai/deployments/&lt;name&gt;/chat/completions</c>, and <c>…/models</c>. Keeps every request for whoever wants to look.
/// </summary>
public sealed class ScriptedModel : IAsyncDisposable
{
    /// <summary>What the answers name as their model.</summary>
    public const string ModelName = "scripted-model";

    internal static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Func<ScriptedRequest, ScriptedReply> _script;
    private readonly Lock _gate = new();
    private readonly List<ScriptedRequest> _requests = [];
    private readonly CancellationTokenSource _stopping = new();
    private WebApplication? _app;

    private ScriptedModel(Func<ScriptedRequest, ScriptedReply> script) => _script = script;

    /// <summary>For OPENAI_BASE_URL: <c>http://127.0.0.1:port/v1</c>.</summary>
    public Uri BaseUrl => new(AzureEndpoint, "v1");

    /// <summary>For AZURE_OPENAI_ENDPOINT: <c>http://127.0.0.1:port/</c>.</summary>
    public Uri AzureEndpoint { get; private set; } = new("http://127.0.0.1/");

    /// <summary>Every completion that was asked for so far, in the order of arrival.</summary>
    public IReadOnlyList<ScriptedRequest> Requests
    {
        get
        {
            lock (_gate)
                return [.. _requests];
        }
    }

    /// <summary>Listens on a free port of 127.0.0.1. The script may be called from several threads.</summary>
    public static async Task<ScriptedModel> StartAsync(
        Func<ScriptedRequest, ScriptedReply> script,
        CancellationToken cancellationToken = default)
    {
        var model = new ScriptedModel(script);
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.AddServerHeader = false;
        });
        model._app = builder.Build();
        model._app.Run(model.HandleAsync);
        await model._app.StartAsync(cancellationToken).ConfigureAwait(false);
        model.AzureEndpoint = new Uri(model._app.Urls.First().TrimEnd('/') + "/");
        return model;
    }

    /// <summary>The replies one after the other; a request beyond the last is an error the test will see.</summary>
    public static Func<ScriptedRequest, ScriptedReply> InOrder(params IReadOnlyList<ScriptedReply> replies) => request =>
        request.Number <= replies.Count
            ? replies[request.Number - 1]
            : ScriptedReply.Error(400, $"The script has {replies.Count} answers, and this is request {request.Number}.");

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        if (_app is not null)
            await _app.DisposeAsync().ConfigureAwait(false);
        _stopping.Dispose();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopping.Token);
        try
        {
            var path = context.Request.Path.Value ?? "";
            if (HttpMethods.IsGet(context.Request.Method) && path.EndsWith("/models", StringComparison.Ordinal))
                await WriteAsync(context, 200, $$"""{"object":"list","data":[{"id":"{{ModelName}}","object":"model"}]}""", ended.Token)
                    .ConfigureAwait(false);
            else if (HttpMethods.IsPost(context.Request.Method) && path.EndsWith("/chat/completions", StringComparison.Ordinal))
                await CompleteAsync(context, ended.Token).ConfigureAwait(false);
            else
                await WriteAsync(context, 404, """{"error":{"message":"no such path"}}""", ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // The client went away or the server stops: there is nobody left to answer.
            context.Abort();
        }
    }

    private async Task CompleteAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var request = await ReadAsync(context, cancellationToken).ConfigureAwait(false);
        var reply = _script(request);
        if (reply.Gate is { } gate)
            await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        await Task.Delay(reply.Delay, cancellationToken).ConfigureAwait(false);
        if (reply.Fault == ScriptedFault.StallBeforeHeaders)
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(false);
        if (reply.Fault == ScriptedFault.CutBeforeHeaders)
        {
            context.Abort();
            return;
        }

        if (reply.RetryAfter is { } wait)
            context.Response.Headers.RetryAfter = wait;
        if (reply.Status != 200)
            await WriteAsync(context, reply.Status, reply.Body ?? """{"error":{"message":"scripted error"}}""", cancellationToken)
                .ConfigureAwait(false);
        else if ((request.Stream && !reply.IgnoreStream) || reply.Body is not null)
            await StreamAsync(context, reply, request, cancellationToken).ConfigureAwait(false);
        else
            await WriteAsync(context, 200, ScriptedWire.Whole(reply, request.Number), cancellationToken).ConfigureAwait(false);
    }

    private async Task<ScriptedRequest> ReadAsync(HttpContext context, CancellationToken cancellationToken)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, cancellationToken).ConfigureAwait(false);
        var json = JsonNode.Parse(body.ToArray())!.AsObject();
        var headers = context.Request.Headers.ToDictionary(
            header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        lock (_gate)
        {
            var request = new ScriptedRequest(
                _requests.Count + 1, context.Request.Path + context.Request.QueryString.Value, headers, json, (int)body.Length,
                TimeProvider.System.GetUtcNow());
            _requests.Add(request);
            return request;
        }
    }

    private static async Task StreamAsync(
        HttpContext context,
        ScriptedReply reply,
        ScriptedRequest request,
        CancellationToken cancellationToken)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        await context.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (reply.Fault == ScriptedFault.StallAfterHeaders)
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(false);

        IReadOnlyList<string> parts = reply.Body is { } raw ? [raw] : ScriptedWire.Events(reply, request);
        var broken = reply.Fault is ScriptedFault.StallInStream or ScriptedFault.CutInStream or ScriptedFault.EndEarly;
        foreach (var part in broken ? parts.Take((parts.Count + 1) / 2) : parts)
        {
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(part), cancellationToken).ConfigureAwait(false);
            await context.Response.Body.FlushAsync(cancellationToken).ConfigureAwait(false);
        }

        if (reply.Fault == ScriptedFault.StallInStream)
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(false);
        if (reply.Fault != ScriptedFault.CutInStream)
            return;
        // A reset overtakes what is still on its way; a moment lets the first half arrive.
        await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken).ConfigureAwait(false);
        context.Abort();
    }

    private static Task WriteAsync(HttpContext context, int status, string json, CancellationToken cancellationToken)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(json, cancellationToken);
    }
}
