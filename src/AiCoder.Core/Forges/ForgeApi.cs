using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiCoder.Core.Failures;
using AiCoder.Core.Network;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Forges;

/// <summary>Calls of one forge's API with one token, bounded in time, tried again where that may help.</summary>
internal sealed class ForgeApi(AddressGuard guard, TimeProvider time, ForgeRepository repository, string token)
{
    private const int Tries = 3;
    private const int LongestAnswer = 4 * 1024 * 1024;
    private const int LongestQuote = 300;
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(30);

    // The push is done and people wait for the result: a forge that wants a longer pause gets no pull request.
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(20);

    private readonly SecretRedactor _redactor = new([token]);

    public ForgeRepository Repository => repository;

    public string Token => token;

    private AuthenticationHeaderValue Authorization { get; init; } = new("Bearer", token);

    /// <summary>The same API with the token shown in another way than as a bearer.</summary>
    public ForgeApi WithAuthorization(AuthenticationHeaderValue authorization) =>
        new(guard, time, repository, token) { Authorization = authorization };

    /// <summary>Calls the API.</summary>
    /// <param name="method">GET or POST.</param>
    /// <param name="url">Relative to the API, or absolute on the same service.</param>
    /// <param name="body">As JSON; null: none.</param>
    /// <param name="cancellationToken">Ends the call.</param>
    /// <exception cref="FailureException">The call failed for good.</exception>
    public async Task<ForgeAnswer> CallAsync(HttpMethod method, string url, JsonObject? body, CancellationToken cancellationToken)
    {
        using var client = guard.CreateClient(AddressTrust.Caller);
        client.MaxResponseContentBufferSize = LongestAnswer;
        for (var attempt = 1; ; attempt++)
        {
            var (answer, failure) = await TryAsync(client, method, url, body, cancellationToken).ConfigureAwait(false);
            if (failure is null)
                return answer!;
            var pause = TimeSpan.FromSeconds(Math.Max(attempt, failure.RetryAfter ?? 0));
            if (!failure.Retryable || attempt == Tries || pause > LongestPause)
                throw new FailureException(failure);
            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The failure of an answer that was not hoped for.</summary>
    public FailureException Refusal(ForgeAnswer answer) =>
        new(FailureCodes.Configuration, $"{repository.Api.Host} refused the pull request ({answer.Status}): {Quote(answer.Body)}");

    private async Task<(ForgeAnswer? Answer, Failure? Failure)> TryAsync(
        HttpClient client, HttpMethod method, string url, JsonObject? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, new Uri(repository.Api, url));
        request.Headers.Authorization = Authorization;
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("AiCoder", typeof(ForgeApi).Assembly.GetName().Version?.ToString(3)));
        request.Headers.Accept.ParseAdd(repository.Kind == ForgeKind.GitHub ? "application/vnd.github+json" : "application/json");
        if (repository.Kind == ForgeKind.GitHub)
            request.Headers.Add("X-GitHub-Api-Version", "2022-11-28");
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(AiCoderJson.Options), Encoding.UTF8, "application/json");

        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var timer = time.CreateTimer(_ => bound.Cancel(), null, CallTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            using var response = await client.SendAsync(request, bound.Token).ConfigureAwait(false);
            var text = await response.Content.ReadAsStringAsync(bound.Token).ConfigureAwait(false);
            var failure = FailureOf(response, text);
            return failure is null ? (new((int)response.StatusCode, text, Parse(text)), null) : (null, failure);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, Failure.Of(FailureCodes.Timeout, $"{repository.Api.Host} did not answer within {CallTimeout.TotalSeconds} s."));
        }
        catch (HttpRequestException exception)
        {
            var failure = FailureMapping.From(exception);
            return (null, failure with { Message = $"{repository.Api.Host} can't be reached: {failure.Message}" });
        }
    }

    /// <summary>Null for what the forge's own code looks at: success, and refusals of what was sent.</summary>
    private Failure? FailureOf(HttpResponseMessage response, string text)
    {
        var host = repository.Api.Host;
        var wait = RetryAfter.Of(response, time) ?? RateLimitReset(response);
        switch (response.StatusCode)
        {
            // Azure DevOps answers a bad token with its sign-in page: 203, or a redirect to it.
            case HttpStatusCode.Unauthorized or HttpStatusCode.NonAuthoritativeInformation:
            case HttpStatusCode.Redirect when repository.Kind == ForgeKind.AzureDevOps:
                return Failure.Of(FailureCodes.InvalidToken, $"{host} refuses the token: it is wrong, has expired, or was revoked.");
            case HttpStatusCode.TooManyRequests:
            case HttpStatusCode.Forbidden when wait is not null || text.Contains("rate limit", StringComparison.OrdinalIgnoreCase):
                return Failure.Of(FailureCodes.RateLimited, $"{host} wants fewer calls for now.", wait);
            case HttpStatusCode.Forbidden:
                return Failure.Of(FailureCodes.Forbidden, $"The token may not open pull requests on {host}: {Quote(text)}");
            case HttpStatusCode.NotFound:
                return Failure.Of(
                    FailureCodes.RepositoryNotFound,
                    $"{host} knows no repository {string.Join('/', repository.Path)}, or the token may not see it (it needs the right to open pull requests).");
            case >= HttpStatusCode.InternalServerError:
                return Failure.Of(FailureCodes.ServerError, $"{host} answered {(int)response.StatusCode}.", wait);
            case >= HttpStatusCode.Ambiguous and < HttpStatusCode.BadRequest:
                return Failure.Of(
                    FailureCodes.AddressNotAllowed,
                    $"{host} redirects ({(int)response.StatusCode}), and a token follows no redirect; give the repository's present address.");
            default:
                return null;
        }
    }

    // GitHub tells the second at which calls are allowed again.
    private TimeSpan? RateLimitReset(HttpResponseMessage response)
    {
        if (!response.Headers.TryGetValues("x-ratelimit-remaining", out var remaining) || remaining.First() != "0"
            || !response.Headers.TryGetValues("x-ratelimit-reset", out var reset) || !long.TryParse(reset.First(), out var second))
            return null;
        var wait = DateTimeOffset.FromUnixTimeSeconds(second) - time.GetUtcNow();
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    private string Quote(string text) => TextLimit.Cut(_redactor.Redact(text).ReplaceLineEndings(" ").Trim(), LongestQuote);

    private static JsonNode? Parse(string text)
    {
        try
        {
            return text.Length == 0 ? null : JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>An answer that is the forge's own affair: 2xx, or a refusal such as 400, 409, 422.</summary>
internal sealed record ForgeAnswer(int Status, string Body, JsonNode? Json)
{
    public bool Succeeded => Status is >= 200 and < 300;
}
