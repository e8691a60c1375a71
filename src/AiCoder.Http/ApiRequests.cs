using AiCoder.Core.Api;
using AiCoder.Core.Tasks;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace AiCoder.Http;

/// <summary>Reads requests, strictly.</summary>
public static class ApiRequests
{
    private const int BufferSize = 16 * 1024;

    /// <summary>Whether a request shows the service's key; true where there is none. A header that comes twice counts as none.</summary>
    public static bool ShowsKey(this HttpRequest request, string? key)
    {
        ArgumentNullException.ThrowIfNull(request);
        return ApiKey.Allows(key, Single(request, HeaderNames.Authorization), Single(request, ApiKey.HeaderName));
    }

    /// <summary>Answers a request by its body as text, which is empty where there is none; refuses one that is too large or not called JSON.</summary>
    public static Task<ApiAnswer> AnswerAsync(this HttpRequest request, Func<string, Task<ApiAnswer>> operation, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(operation);
        return TaskApi.AnswerAsync(async () =>
        {
            using var bytes = new MemoryStream();
            var buffer = new byte[BufferSize];
            int count;
            while ((count = await request.Body.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                bytes.Write(buffer, 0, count);
                if (bytes.Length > TaskRequestReader.LargestRequest)
                    return TaskApi.TooLarge;
            }

            // A page of another site can send a body, but not call it JSON, without being asked for leave first.
            return bytes.Length > 0 && !request.HasJsonContentType()
                ? TaskApi.NotJson
                : await operation(ApiBody.Text(bytes.GetBuffer().AsSpan(0, (int)bytes.Length))).ConfigureAwait(false);
        });
    }

    private static string? Single(HttpRequest request, string name) => request.Headers[name] is [{ } only] ? only : null;
}
