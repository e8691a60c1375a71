using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace AiCoder.Testing;

/// <summary>An HTTP server on a free loopback port that answers by a script and remembers what it was asked.</summary>
public sealed class HttpScript : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ReceivedRequest> _requests = new();

    private HttpScript(WebApplication app) => _app = app;

    /// <summary>Ends in a slash.</summary>
    public Uri Url { get; private set; } = null!;
    public int Port => Url.Port;

    /// <summary>Everything that was asked so far, in order.</summary>
    public IReadOnlyList<ReceivedRequest> Requests => [.. _requests];

    public static Task<HttpScript> StartAsync(Func<ReceivedRequest, Answer> answer) => StartAsync(request => Task.FromResult(answer(request)));

    public static async Task<HttpScript> StartAsync(Func<ReceivedRequest, Task<Answer>> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var script = new HttpScript(app);
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
            var request = new ReceivedRequest(
                context.Request.Method,
                context.Features.Get<IHttpRequestFeature>()!.RawTarget,
                context.Request.Host.Host,
                context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
                await reader.ReadToEndAsync(context.RequestAborted));
            script._requests.Enqueue(request);
            var response = await answer(request);
            context.Response.StatusCode = response.Status;
            context.Response.ContentType = "application/json; charset=utf-8";
            foreach (var (name, value) in response.Headers ?? [])
                context.Response.Headers[name] = value;
            await context.Response.WriteAsync(response.Body, context.RequestAborted);
        });
        await app.StartAsync();
        script.Url = new Uri(app.Urls.First() + "/");
        return script;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}

/// <summary>One request as it came.</summary>
/// <param name="Method">GET, POST and so on.</param>
/// <param name="Path">The raw target: still percent-encoded, with the query.</param>
/// <param name="Host">The Host header's name, without the port.</param>
/// <param name="Headers">By name, in any case.</param>
/// <param name="Body">As UTF-8.</param>
public sealed record ReceivedRequest(string Method, string Path, string Host, IReadOnlyDictionary<string, string> Headers, string Body);

/// <summary>What the script answers.</summary>
public sealed record Answer(int Status, string Body = "", Dictionary<string, string>? Headers = null);
