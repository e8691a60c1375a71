using System.Net;
using System.Net.Http.Headers;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Network;

namespace AiCoder.Cli.Diagnosis;

/// <summary>Asks the model endpoint for its list of models: it costs nothing and shows whether address and key are right.</summary>
internal sealed class ModelCheck(AiCoderOptions options, AddressGuard guard)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(20);
    private const int LongestList = 1 << 20;

    public async Task<Finding> RunAsync(CancellationToken cancellationToken)
    {
        if (options.AzureOpenAiEndpoint is { } azure)
            return Finding.Skipped("model", $"{azure} is an Azure endpoint, which has no free request to try; deployment '{options.Model}'.");
        if (options.ApiKey is null)
            return Finding.Fail("model", "There is no key for the model; nothing was sent.", "Set OPENAI_API_KEY (or LLM_API_KEY), and OPENAI_BASE_URL for an endpoint other than OpenAI's.");

        var address = new Uri(options.BaseUrl.AbsoluteUri.TrimEnd('/') + "/models");
        var sent = $"GET {address} with the key, no prompt";
        try
        {
            using var client = guard.CreateClient(AddressTrust.Operator);
            client.Timeout = Bound;
            client.MaxResponseContentBufferSize = LongestList;
            using var request = new HttpRequestMessage(HttpMethod.Get, address);
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.ApiKey);
            using var response = await client.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            return Judge(response.StatusCode, body, sent);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return Finding.Fail("model", $"No answer within {Bound.TotalSeconds:0} s ({sent}).", "Check OPENAI_BASE_URL, and whether a proxy or firewall stands between.");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or FailureException)
        {
            var failure = FailureMapping.From(exception);
            return Finding.Fail("model", $"{failure} ({sent}).", "Check OPENAI_BASE_URL, and whether a proxy or firewall stands between.");
        }
    }

    private Finding Judge(HttpStatusCode status, string body, string sent) => (int)status switch
    {
        200 when body.Contains($"\"{options.Model}\"", StringComparison.Ordinal) =>
            Finding.Ok("model", $"The endpoint answers and offers '{options.Model}' ({sent})."),
        200 => Finding.Warn("model", $"The endpoint answers but does not list '{options.Model}' ({sent}).", "If tasks end with a model that was not found, set OPENAI_MODEL to one that the endpoint offers."),
        401 or 403 => Finding.Fail("model", $"The endpoint refuses the key: {(int)status} ({sent}).", "Check OPENAI_API_KEY (or LLM_API_KEY) and that it belongs to OPENAI_BASE_URL."),
        404 or 405 => Finding.Warn("model", $"The endpoint has no list of models: {(int)status} ({sent}).", "Some endpoints have none. If tasks fail too, check that OPENAI_BASE_URL ends as the provider says, often in /v1."),
        429 => Finding.Warn("model", $"The endpoint is there and says it is overloaded: 429 ({sent}).", "Wait, or look at the account's limits."),
        >= 500 => Finding.Fail("model", $"The endpoint answers {(int)status} ({sent}).", "Ask whoever runs it."),
        _ => Finding.Warn("model", $"The endpoint answers {(int)status} ({sent}).", "Check OPENAI_BASE_URL."),
    };
}
