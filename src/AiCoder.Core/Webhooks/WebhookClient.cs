using System.Globalization;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using AiCoder.Core.Failures;
using AiCoder.Core.Network;
using AiCoder.Core.Tasks;
using AiCoder.Core.Telemetry;

namespace AiCoder.Core.Webhooks;

/// <summary>Delivers one event, once. Trying again is the workflow's affair.</summary>
public sealed class WebhookClient(AddressGuard guard, TimeProvider time) : IDisposable
{
    /// <summary>Bound on one try, from the connection to the answer's headers.</summary>
    public static readonly TimeSpan TryTimeout = TimeSpan.FromSeconds(10);

    private readonly Lazy<HttpClient> _operators = new(() => guard.CreateClient(AddressTrust.Operator));
    private readonly Lazy<HttpClient> _callers = new(() => guard.CreateClient(AddressTrust.Caller));

    /// <summary>
    /// The delivery's id: the same for every try of an event, also after a restart. The event's time is part of it, so that a task
    /// that is deleted and started again under its id is not taken for a repetition.
    /// </summary>
    public static string IdOf(TaskEvent taskEvent)
    {
        var sequence = taskEvent.Data["sequence"]?.ToJsonString() ?? "0";
        var text = string.Create(CultureInfo.InvariantCulture, $"{taskEvent.TaskId}\n{sequence}\n{taskEvent.Timestamp.Ticks}");
        return "msg_" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..32];
    }

    /// <summary>Posts the body.</summary>
    /// <param name="url">Where to.</param>
    /// <param name="trust">Who named it.</param>
    /// <param name="id">The delivery's id.</param>
    /// <param name="body">As <see cref="WebhookBody"/> made it.</param>
    /// <param name="secret">What to sign with; null: no signature.</param>
    /// <param name="cancellationToken">Ends the try.</param>
    /// <returns>False where the receiver wants no more events (410 Gone).</returns>
    /// <exception cref="FailureException">Anything but an answer of 2xx or 410. Holds neither the address's path nor the answer's text.</exception>
    public async Task<bool> PostAsync(Uri url, AddressTrust trust, string id, byte[] body, string? secret, CancellationToken cancellationToken)
    {
        try
        {
            var wanted = await PostOnceAsync(url, trust, id, body, secret, cancellationToken).ConfigureAwait(false);
            TaskMetrics.Delivered(errorType: null);
            return wanted;
        }
        catch (FailureException exception)
        {
            TaskMetrics.Delivered(AiCoderTelemetry.ErrorType(exception.Failure));
            throw;
        }
    }

    public void Dispose()
    {
        foreach (var client in new[] { _operators, _callers }.Where(client => client.IsValueCreated))
            client.Value.Dispose();
    }

    private async Task<bool> PostOnceAsync(Uri url, AddressTrust trust, string id, byte[] body, string? secret, CancellationToken cancellationToken)
    {
        using var request = Request(url, id, body, secret);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(_ => bound.Cancel(), null, TryTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            var client = trust == AddressTrust.Operator ? _operators.Value : _callers.Value;
            using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, bound.Token).ConfigureAwait(false);
            if (response.IsSuccessStatusCode)
                return true;
            return response.StatusCode == HttpStatusCode.Gone ? false : throw Refused(url, response);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FailureException(
                FailureCodes.Timeout, $"The webhook at {url.IdnHost} did not answer within {TryTimeout.TotalSeconds} s.", exception);
        }
        catch (HttpRequestException exception)
        {
            var failure = FailureMapping.From(exception);
            throw new FailureException(failure with { Message = $"The webhook at {url.IdnHost} can't be reached: {failure.Message}" }, exception);
        }
    }

    private HttpRequestMessage Request(Uri url, string id, byte[] body, string? secret)
    {
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var request = new HttpRequestMessage(HttpMethod.Post, url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json", "utf-8");
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("AiCoder", typeof(WebhookClient).Assembly.GetName().Version?.ToString(3)));
        request.Headers.Add(WebhookSignature.IdHeader, id);
        request.Headers.Add(WebhookSignature.TimestampHeader, timestamp);
        if (secret is not null)
        {
            var key = WebhookSignature.KeyOf(secret);
            request.Headers.Add(WebhookSignature.SignatureHeader, WebhookSignature.Standard(key, id, timestamp, body));
            request.Headers.Add(WebhookSignature.GitHubHeader, WebhookSignature.GitHub(key, body));
        }

        return request;
    }

    // Any refusal may be a deployment under way, so all of them are tried again.
    private FailureException Refused(Uri url, HttpResponseMessage response)
    {
        var status = (int)response.StatusCode;
        var message = $"The webhook at {url.IdnHost} answered {status}" + status switch
        {
            >= 300 and < 400 => "; redirects are not followed: give the address it redirects to.",
            401 or 403 => "; it refuses us: check the address and the secret.",
            404 => "; check the address.",
            _ => ".",
        };
        return new(Failure.Of(status == 429 ? FailureCodes.RateLimited : FailureCodes.ServerError, message, RetryAfter.Of(response, time)));
    }
}
