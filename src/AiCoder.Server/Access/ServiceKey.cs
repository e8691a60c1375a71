using AiCoder.Core.Configuration;
using AiCoder.Http;
using Microsoft.AspNetCore.Http;

namespace AiCoder.Server.Access;

/// <summary>The key that callers show.</summary>
internal sealed class ServiceKey(AiCoderOptions options)
{
    /// <summary>Whether callers need one.</summary>
    public bool IsRequired => options.ServiceKey is not null;

    /// <summary>Whether a request shows the key.</summary>
    public bool IsShownBy(HttpRequest request) => IsRequired && request.ShowsKey(options.ServiceKey);
}
