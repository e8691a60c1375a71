using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace AiCoder.Server.Access;

/// <summary>The key that callers show.</summary>
internal sealed class ServiceKey(AiCoderOptions options)
{
    /// <summary>Whether callers need one.</summary>
    public bool IsRequired => options.ServiceKey is not null;

    /// <summary>Whether a request shows the key.</summary>
    public bool IsShownBy(HttpRequest request) =>
        IsRequired && ApiKey.Allows(options.ServiceKey, Single(request, HeaderNames.Authorization), Single(request, ApiKey.HeaderName));

    private static string? Single(HttpRequest request, string name) => request.Headers[name] is [{ } only] ? only : null;
}
