using System.Globalization;
using System.Text;
using AiCoder.Core.Api;
using Microsoft.AspNetCore.Http;

namespace AiCoder.Http;

/// <summary>Writes an answer of the API as it is.</summary>
public sealed class ApiResult(ApiAnswer answer) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.StatusCode = answer.Status;
        // What a task holds is its caller's: no cache keeps it, and no browser takes a diff for a page.
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        // https://www.rfc-editor.org/rfc/rfc9110#name-401-unauthorized asks for it.
        if (answer.Status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer";
        if (answer.Location is { } location)
            response.Headers.Location = location;
        if (answer.RetryAfter is { } seconds)
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        if (answer.Body.Length == 0)
            return;
        var bytes = Encoding.UTF8.GetBytes(answer.Body);
        response.ContentType = answer.ContentType;
        response.ContentLength = bytes.Length;
        if (!HttpMethods.IsHead(httpContext.Request.Method))
            await response.Body.WriteAsync(bytes, httpContext.RequestAborted);
    }
}
