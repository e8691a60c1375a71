using AiCoder.Core.Api;
using Microsoft.AspNetCore.Http;

namespace AiCoder.Functions.Triggers;

/// <summary>Writes an answer of the API.</summary>
public sealed class ApiResult(ApiAnswer answer) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = answer.Status;
        if (answer.Location is { } location)
            response.Headers.Location = location;
        if (answer.RetryAfter is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (answer.Body.Length == 0)
            return;
        response.ContentType = answer.ContentType;
        await response.WriteAsync(answer.Body, httpContext.RequestAborted);
    }
}
