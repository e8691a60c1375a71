using AiCoder.Core.Api;
using AiCoder.Core.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace AiCoder.Server.Http;

/// <summary>Reads a JSON body within its bound.</summary>
internal static class RequestBody
{
    /// <summary>The body as text; empty where there is none.</summary>
    /// <exception cref="BadHttpRequestException">413, or 415: it is not called JSON.</exception>
    /// <exception cref="TaskRequestException">It is no UTF-8.</exception>
    public static async Task<string> ReadAsync(HttpRequest request)
    {
        using var bytes = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await request.Body.ReadAsync(buffer, request.HttpContext.RequestAborted)) > 0)
        {
            bytes.Write(buffer, 0, count);
            if (bytes.Length > TaskRequestReader.LargestRequest)
                throw new BadHttpRequestException("Too large.", StatusCodes.Status413PayloadTooLarge);
        }

        // A page of another site can send a body, but not call it JSON, without being asked for leave first.
        if (bytes.Length > 0 && !IsJson(request.ContentType))
            throw new BadHttpRequestException("No JSON.", StatusCodes.Status415UnsupportedMediaType);
        return ApiBody.Text(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && (type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase));
}
