using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AiCoder.Demo;

/// <summary>
/// A webhook receiver on a free loopback port: it checks the signatures as a receiver of its own would, keeps every delivery, and
/// can be told to answer badly, to hang, or to break the connection.
/// </summary>
public sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly byte[]? _key;
    private readonly Func<int, WebhookAnswer> _answer;
    private readonly ConcurrentQueue<WebhookDelivery> _deliveries = new();
    private readonly CancellationTokenSource _closing = new();
    private TaskCompletionSource _next = NewSignal();
    private int _count;

    private WebhookReceiver(WebApplication app, string? secret, Func<int, WebhookAnswer> answer)
    {
        _app = app;
        _key = secret is null ? null : KeyOf(secret);
        _answer = answer;
    }

    /// <summary>Where to deliver.</summary>
    public Uri Url { get; private set; } = null!;

    /// <summary>Every delivery so far, in the order of arrival, refused ones included.</summary>
    public IReadOnlyList<WebhookDelivery> Deliveries => [.. _deliveries];

    /// <summary>Starts to listen.</summary>
    /// <param name="secret">What deliveries must be signed with; null: signatures are not looked at.</param>
    /// <param name="answer">What the delivery of that number, from 1, is answered; default 204 each time.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<WebhookReceiver> StartAsync(
        string? secret = null, Func<int, WebhookAnswer>? answer = null, CancellationToken cancellationToken = default)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var receiver = new WebhookReceiver(app, secret, answer ?? (_ => new WebhookAnswer(204)));
        app.Run(receiver.ReceiveAsync);
        await app.StartAsync(cancellationToken).ConfigureAwait(false);
        receiver.Url = new Uri(app.Urls.First() + "/events");
        return receiver;
    }

    /// <summary>Waits until the deliveries so far are as wanted.</summary>
    public async Task<IReadOnlyList<WebhookDelivery>> WaitForAsync(
        Func<IReadOnlyList<WebhookDelivery>, bool> wanted, CancellationToken cancellationToken)
    {
        while (true)
        {
            var next = Volatile.Read(ref _next).Task;
            if (Deliveries is var deliveries && wanted(deliveries))
                return deliveries;
            await next.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _closing.CancelAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
        _closing.Dispose();
    }

    private async Task ReceiveAsync(HttpContext context)
    {
        using var buffer = new MemoryStream();
        await context.Request.Body.CopyToAsync(buffer, context.RequestAborted).ConfigureAwait(false);
        var body = buffer.ToArray();
        var headers = context.Request.Headers.ToDictionary(
            header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var signed = _key is null ? (bool?)null : IsSigned(headers, body);
        var answer = signed == false ? new WebhookAnswer(401) : _answer(Interlocked.Increment(ref _count));

        _deliveries.Enqueue(new WebhookDelivery(headers, Encoding.UTF8.GetString(body), signed, answer));
        Interlocked.Exchange(ref _next, NewSignal()).SetResult();

        if (answer.Hang)
            await HangAsync(context.RequestAborted).ConfigureAwait(false);
        if (answer.Hang || answer.Abort)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers ?? new Dictionary<string, string>())
            context.Response.Headers[name] = value;
    }

    private async Task HangAsync(CancellationToken aborted)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(aborted, _closing.Token);
        var end = NewSignal();
        await using var registration = either.Token.Register(end.SetResult);
        await end.Task.ConfigureAwait(false);
    }

    // Both forms must be right: Standard Webhooks' and GitHub's.
    private bool IsSigned(Dictionary<string, string> headers, byte[] body)
    {
        var head = $"{headers.GetValueOrDefault("webhook-id")}.{headers.GetValueOrDefault("webhook-timestamp")}.";
        byte[] signed = [.. Encoding.UTF8.GetBytes(head), .. body];
        var standard = "v1," + Convert.ToBase64String(HMACSHA256.HashData(_key!, signed));
        var gitHub = "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(_key!, body));
        return headers.GetValueOrDefault("webhook-signature", "").Split(' ').Any(one => Same(one, standard))
            && Same(headers.GetValueOrDefault("X-Hub-Signature-256", ""), gitHub);
    }

    private static bool Same(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));

    private static byte[] KeyOf(string secret) =>
        secret.StartsWith("whsec_", StringComparison.Ordinal) ? Convert.FromBase64String(secret["whsec_".Length..]) : Encoding.UTF8.GetBytes(secret);

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
