using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using AiCoder.Core.Api;
using AiCoder.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace AiCoder.Server.Tests.Queue;

/// <summary>
/// Stands between a server and Azurite, and holds one request where a test wants it held: before the storage has it, or when the storage
/// has done it and the server does not know. What is held when its server is killed never goes on.
/// </summary>
internal sealed partial class StorageProxy : IAsyncDisposable
{
    private static readonly UriCreationOptions AsItCame = new() { DangerousDisablePathAndQueryCanonicalization = true };

    private readonly WebApplication _app;
    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ActivityHeadersPropagator = null });
    private readonly Azurite _azurite;
    private readonly StoragePlace _place;
    private readonly Hold _hold = new();

    private StorageProxy(WebApplication app, Azurite azurite, StoragePlace place) => (_app, _azurite, _place) = (app, azurite, place);

    /// <summary>Completes when the request is held.</summary>
    public Task Reached => _hold.Reached;

    /// <summary>The message that was taken last, and by what it can be given back.</summary>
    public (string Id, string Receipt) Taken { get; private set; }

    public static async Task<StorageProxy> StartAsync(Azurite azurite, StoragePlace place, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var proxy = new StorageProxy(app, azurite, place);
        app.Run(proxy.PassAsync);
        await app.StartAsync(cancellationToken);
        return proxy;
    }

    /// <summary>The connection string of the same account by way of here.</summary>
    public string Of(string connectionString) => connectionString
        .Replace(Address(_azurite.BlobPort), _app.Urls.First(), StringComparison.Ordinal)
        .Replace(Address(_azurite.QueuePort), _app.Urls.First(), StringComparison.Ordinal);

    public async ValueTask DisposeAsync()
    {
        _hold.Release();
        await _app.DisposeAsync();
        _client.Dispose();
    }

    private static string Address(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    private async Task PassAsync(HttpContext context)
    {
        var stop = context.RequestAborted;
        var (method, path) = (context.Request.Method, context.Request.Path.Value!);
        var isOfClaims = path.Contains($"/{QueueNames.Claims}", StringComparison.Ordinal);
        var isClaim = path.Contains($"/{QueueNames.Claims}/", StringComparison.Ordinal) && method == "PUT";
        try
        {
            if (isClaim)
                await ComesToAsync(StoragePlace.BeforeTheClaim, stop);
            else if (!isOfClaims && method == "DELETE")
                await ComesToAsync(StoragePlace.BeforeTheMessageIsDeleted, stop);

            using var request = await RequestAsync(context, Address(isOfClaims ? _azurite.BlobPort : _azurite.QueuePort), stop);
            using var answer = await _client.SendAsync(request, stop);
            var body = await answer.Content.ReadAsByteArrayAsync(stop);
            if (isClaim)
                await ComesToAsync(StoragePlace.AfterTheClaim, stop);
            if (answer.Headers.TryGetValues("x-ms-popreceipt", out var renewed))
                Taken = (Taken.Id, renewed.Single());
            if (!isOfClaims && method == "GET" && TakenIn().Match(Encoding.UTF8.GetString(body)) is { Success: true } taken)
            {
                Taken = (taken.Groups["id"].Value, taken.Groups["receipt"].Value);
                await ComesToAsync(StoragePlace.AfterTheMessageWasTaken, stop);
            }

            context.Response.StatusCode = (int)answer.StatusCode;
            foreach (var (name, values) in answer.Headers.Concat(answer.Content.Headers).Where(header => header.Key is not ("Transfer-Encoding" or "Connection" or "Keep-Alive")))
                context.Response.Headers[name] = values.ToArray();
            if (method != "HEAD")
                await context.Response.Body.WriteAsync(body, stop);
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The server is gone.
            context.Abort();
        }
    }

    private Task ComesToAsync(StoragePlace place, CancellationToken cancellationToken) =>
        place == _place ? _hold.WaitAsync(cancellationToken) : Task.CompletedTask;

    private static async Task<HttpRequestMessage> RequestAsync(HttpContext context, string address, CancellationToken cancellationToken)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var request = new HttpRequestMessage(new(context.Request.Method), new Uri(address + target, AsItCame));
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, cancellationToken);
        if (context.Request.ContentLength is not null)
            request.Content = new ByteArrayContent(body.ToArray());
        foreach (var (name, values) in context.Request.Headers.Where(header => header.Key is not ("Host" or "Content-Length" or "Connection")))
        {
            if (!request.Headers.TryAddWithoutValidation(name, values.AsEnumerable()))
                request.Content?.Headers.TryAddWithoutValidation(name, values.AsEnumerable());
        }

        return request;
    }

    [GeneratedRegex("<MessageId>(?<id>[^<]+)</MessageId>.*<PopReceipt>(?<receipt>[^<]+)</PopReceipt>", RegexOptions.Singleline)]
    private static partial Regex TakenIn();
}
