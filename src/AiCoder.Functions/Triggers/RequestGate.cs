using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AiCoder.Functions.Triggers;

/// <summary>What stands between a request and the API: AICODER_API_KEY where it is set, the body's bound, and what nobody expected.</summary>
public sealed class RequestGate(AiCoderOptions options, ILogger<RequestGate> logger)
{
    /// <summary>Answers a request that needs no body.</summary>
    public async Task<IResult> AnswerAsync(HttpRequest request, Func<Task<ApiAnswer>> answer)
    {
        if (!request.ShowsKey(options.ServiceKey))
            return new ApiResult(ApiKey.Refusal);
        try
        {
            return new ApiResult(await TaskApi.AnswerAsync(answer));
        }
        catch (Exception exception) when (!request.HttpContext.RequestAborted.IsCancellationRequested)
        {
            logger.LogError(exception, "{Method} {Path} failed", request.Method, request.Path);
            var failure = FailureMapping.From(exception);
            return new ApiResult(ApiAnswer.Problem(500, "The service failed", $"{failure.Category}/{failure.Code}: the service's log says more.".ToLowerInvariant()));
        }
    }

    /// <summary>The same with its body as text.</summary>
    public Task<IResult> WithBodyAsync(HttpRequest request, Func<string, Task<ApiAnswer>> answer, CancellationToken cancellationToken) =>
        AnswerAsync(request, () => request.AnswerAsync(answer, cancellationToken));
}
