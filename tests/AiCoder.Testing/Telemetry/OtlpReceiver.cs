using System.Collections.Concurrent;
using System.IO.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AiCoder.Testing.Telemetry;

/// <summary>
/// A receiver of OTLP (HTTP, protobuf) on a free loopback port; keeps every byte, and what it decodes of it. What Application Insights'
/// ingestion is sent, it keeps as it is.
/// </summary>
public sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<byte[]> _bodies = new();
    private readonly ConcurrentQueue<ReceivedSpan> _spans = new();
    private readonly ConcurrentQueue<ReceivedPoint> _points = new();
    private readonly ConcurrentQueue<string> _tracks = new();
    private readonly ConcurrentQueue<IReadOnlyDictionary<string, string>> _headers = new();

    private OtlpReceiver(WebApplication app) => _app = app;

    /// <summary>For OTEL_EXPORTER_OTLP_ENDPOINT.</summary>
    public Uri Url => new(_app.Urls.First() + "/");

    /// <summary>Every body, unpacked.</summary>
    public IReadOnlyList<byte[]> Bodies => [.. _bodies];
    public IReadOnlyList<IReadOnlyDictionary<string, string>> Headers => [.. _headers];
    public IReadOnlyList<ReceivedSpan> Spans => [.. _spans];
    public IReadOnlyList<ReceivedPoint> Points => [.. _points];

    /// <summary>Bodies for Application Insights: a JSON document a line.</summary>
    public IReadOnlyList<string> Tracks => [.. _tracks];

    public static async Task<OtlpReceiver> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var receiver = new OtlpReceiver(app);
        app.Run(receiver.ReceiveAsync);
        await app.StartAsync(cancellationToken);
        return receiver;
    }

    /// <summary>Waits until the spans that have come are enough.</summary>
    public async Task ReceivedAsync(Func<IReadOnlyList<ReceivedSpan>, bool> enough, CancellationToken cancellationToken)
    {
        while (!enough(Spans))
            await Task.Delay(20, cancellationToken);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task ReceiveAsync(HttpContext context)
    {
        var unpacked = new MemoryStream();
        await using (var body = context.Request.Headers.ContentEncoding == "gzip" ? new GZipStream(context.Request.Body, CompressionMode.Decompress) : context.Request.Body)
            await body.CopyToAsync(unpacked, context.RequestAborted);
        var bytes = unpacked.ToArray();
        _bodies.Enqueue(bytes);
        _headers.Enqueue(context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase));
        switch (context.Request.Path.Value)
        {
            case "/v1/traces":
                foreach (var span in ReceivedSpan.Of(new(bytes)))
                    _spans.Enqueue(span);
                break;
            case "/v1/metrics":
                foreach (var point in ReceivedPoint.Of(new(bytes)))
                    _points.Enqueue(point);
                break;
            case "/v2.1/track":
                _tracks.Enqueue(System.Text.Encoding.UTF8.GetString(bytes));
                context.Response.ContentType = "application/json";
                await context.Response.WriteAsync("""{"itemsReceived":1,"itemsAccepted":1,"errors":[]}""", context.RequestAborted);
                break;
            default:
                context.Response.StatusCode = 404;
                break;
        }
    }
}
