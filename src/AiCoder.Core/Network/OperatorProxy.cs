using System.Collections.Concurrent;
using System.Net;
using System.Net.Http;

namespace AiCoder.Core.Network;

/// <summary>
/// The operator's proxy (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY), for trusted hosts only: behind a proxy the address that is
/// really connected to can't be checked by us.
/// </summary>
internal sealed class OperatorProxy(IWebProxy proxy, Func<string, bool> isTrusted) : IWebProxy
{
    private readonly ConcurrentDictionary<(string Host, int Port), bool> _used = new();

    public ICredentials? Credentials
    {
        get => proxy.Credentials;
        set => throw new NotSupportedException("The proxy's credentials are the operator's.");
    }

    public Uri? GetProxy(Uri destination)
    {
        if (IsBypassed(destination) || proxy.GetProxy(destination) is not { } address)
            return null;
        _used[(address.IdnHost, address.Port)] = true;
        return address;
    }

    public bool IsBypassed(Uri host) => !isTrusted(host.IdnHost) || proxy.IsBypassed(host);

    /// <summary>Whether a connection is to the proxy on behalf of a request, and not a request that names the proxy as its goal.</summary>
    public bool IsConnection(DnsEndPoint endPoint, HttpRequestMessage request) =>
        _used.ContainsKey((endPoint.Host, endPoint.Port))
        && (request.Method == HttpMethod.Connect
            || !(request.RequestUri is { } uri && uri.IdnHost == endPoint.Host && uri.Port == endPoint.Port));
}
