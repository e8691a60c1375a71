using AiCoder.Core.Api;
using AiCoder.Http;
using AiCoder.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace AiCoder.Server.Access;

/// <summary>
/// Lets in who shows the key. Where there is none (on loopback), it keeps out the web pages that this machine's browser has open,
/// which can send requests to loopback as well: by another site's name for this machine, or across sites.
/// </summary>
internal sealed class AccessMiddleware(RequestDelegate next, ServiceKey key)
{
    private static readonly string[] Forwarding = ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Real-IP", HeaderNames.Via];

    public Task InvokeAsync(HttpContext context)
    {
        // By its path as well: where the method is wrong, the endpoint is routing's own, which says 405 and carries nothing of ours.
        if (context.GetEndpoint()?.Metadata.GetMetadata<OpenToAll>() is not null || context.Request.Path.StartsWithSegments(TaskRoutes.HealthPath))
            return next(context);
        if (key.IsRequired)
            return key.IsShownBy(context.Request) ? next(context) : new ApiResult(ApiKey.Refusal).ExecuteAsync(context);
        return ProblemOf(context.Request) is { } problem
            ? new ApiResult(ApiAnswer.Problem(403, "Not from here", problem)).ExecuteAsync(context)
            : next(context);
    }

    private static string? ProblemOf(HttpRequest request)
    {
        if (!ListenAddresses.IsLoopback(request.Host.Host))
            return "Without AICODER_API_KEY the service is there for this machine alone, by the names localhost and 127.0.0.1.";
        // A proxy on this machine may well call it localhost, whoever asked.
        if (Forwarding.Any(request.Headers.ContainsKey))
            return "The request was forwarded by a proxy, so it may come from anywhere; set AICODER_API_KEY where one stands in front of the service.";
        // https://www.w3.org/TR/fetch-metadata/ for browsers that send it, Origin for those that do not.
        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var foreign = site.Length > 0
            ? site is not ("same-origin" or "none")
            : request.Headers[HeaderNames.Origin] is [{ } origin] && (!Uri.TryCreate(origin, UriKind.Absolute, out var from) || from.Authority != request.Host.Value);
        return foreign ? "Another site's page may not use the service; without AICODER_API_KEY it takes no requests across sites." : null;
    }
}

/// <summary>Marks what needs no key.</summary>
internal sealed class OpenToAll;
