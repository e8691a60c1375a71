using System.Net;
using System.Net.Http;
using System.Net.Sockets;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;

namespace AiCoder.Core.Network;

/// <summary>
/// Decides which addresses may be connected to, and makes HTTP clients that check the address they really connect to. A name is
/// resolved once and the checked address is the one used, so a name that changes its address between check and use gains nothing.
/// </summary>
public sealed class AddressGuard
{
    private static readonly TimeSpan ResolveTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan AddressTimeout = TimeSpan.FromSeconds(5);

    private readonly AllowedNetwork[] _allowed;
    private readonly bool _callerIsOperator;
    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve;
    private readonly IWebProxy _proxy;

    /// <exception cref="FailureException"><c>system/configuration</c>: an entry of ALLOWED_NETWORKS can't be read.</exception>
    public AddressGuard(AiCoderOptions options)
        : this(options, Dns.GetHostAddressesAsync, HttpClient.DefaultProxy)
    {
    }

    internal AddressGuard(
        AiCoderOptions options, Func<string, CancellationToken, Task<IPAddress[]>> resolve, IWebProxy? proxy = null)
    {
        _allowed = [.. options.AllowedNetworks.Select(Parse)];
        _callerIsOperator = options.CallerIsOperator;
        _resolve = resolve;
        _proxy = proxy ?? new WebProxy();
    }

    /// <summary>Resolves a host (or literal address) and returns the addresses that may be connected to, at least one.</summary>
    /// <exception cref="FailureException">
    /// <c>network/host_not_found</c>, or <c>network/address_not_allowed</c> where any of the host's addresses is forbidden.
    /// </exception>
    public async Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, AddressTrust trust, CancellationToken cancellationToken)
    {
        var name = Canonical(host);
        var addresses = IPAddress.TryParse(name, out var literal)
            ? [literal]
            : await LookUpAsync(name, cancellationToken).ConfigureAwait(false);
        foreach (var address in addresses)
            Check(name, address, trust);
        return [.. addresses.Select(address => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).Distinct()];
    }

    /// <summary>
    /// Why a host may not be connected to, where that is so whatever a name server says: it is an address, or a metadata service's name.
    /// Null of any other name, about which only <see cref="ResolveAsync"/> can say.
    /// </summary>
    public string? ProblemOf(string host, AddressTrust trust)
    {
        try
        {
            var name = Canonical(host);
            if (IPAddress.TryParse(name, out var literal))
                Check(name, literal, trust);
            return null;
        }
        catch (FailureException exception)
        {
            return exception.Failure.Code == FailureCodes.AddressNotAllowed ? exception.Failure.Message : null;
        }
    }

    /// <summary>
    /// A client that connects only to allowed addresses, follows no redirect, keeps no cookies, and uses no proxy for a caller's
    /// address. Its timeout is the caller's affair (<see cref="HttpClient.Timeout"/> is infinite).
    /// </summary>
    /// <remarks>
    /// The operator's proxy is used for the operator's addresses, and for hosts that ALLOWED_NETWORKS names. Certificates are checked
    /// against the system's store, where an operator adds his own authority.
    /// </remarks>
    public HttpClient CreateClient(AddressTrust trust)
    {
        var proxy = new OperatorProxy(_proxy, host => IsOperator(trust) || _allowed.Any(entry => entry.Names(host)));
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            Proxy = proxy,
            ConnectTimeout = ConnectTimeout,
            // A connection is given up now and then, so that a changed DNS entry is seen.
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            ConnectCallback = (context, stop) => ConnectAsync(
                context.DnsEndPoint,
                proxy.IsConnection(context.DnsEndPoint, context.InitialRequestMessage) ? AddressTrust.Operator : trust,
                stop),
        };
        return new HttpClient(new NamedHostCheck(handler)) { Timeout = Timeout.InfiniteTimeSpan };
    }

    private static AllowedNetwork Parse(string entry) =>
        AllowedNetwork.TryParse(entry, out var network)
            ? network!
            : throw new FailureException(
                FailureCodes.Configuration,
                $"ALLOWED_NETWORKS: '{entry}' is neither a host, nor *.domain, nor an address, nor a CIDR such as 10.0.0.0/8.");

    private static string Canonical(string host)
    {
        var name = host.Trim();
        if (name is ['[', .. var inner, ']'])
            name = inner;
        name = name.TrimEnd('.');
        if (name.Length == 0)
            throw new FailureException(FailureCodes.HostNotFound, "The address names no host.");
        if (AddressRanges.IsMetadataName(name))
            throw NotAllowed(name, "it is a metadata service, which is never allowed");
        // 0177.0.0.1, 0x7f.1 and 2130706433 mean one thing to one program and another to the next.
        if (EndsInNumber(name) && !(IPAddress.TryParse(name, out var address) && address.ToString() == name))
            throw NotAllowed(name, "a numeric address must be four decimal numbers, such as 192.0.2.1");
        return name;
    }

    private static bool EndsInNumber(string name)
    {
        if (name.Contains(':', StringComparison.Ordinal))
            return false;
        var last = name[(name.LastIndexOf('.') + 1)..];
        return last.All(char.IsAsciiDigit)
            || (last.StartsWith("0x", StringComparison.OrdinalIgnoreCase) && last[2..].All(char.IsAsciiHexDigit));
    }

    private async Task<IPAddress[]> LookUpAsync(string name, CancellationToken cancellationToken)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(ResolveTimeout);
        try
        {
            var addresses = await _resolve(name, bound.Token).ConfigureAwait(false);
            return addresses.Length > 0 ? addresses : throw NotFound(name, null);
        }
        catch (SocketException exception)
        {
            throw NotFound(name, exception);
        }
        catch (ArgumentException exception)
        {
            throw NotFound(name, exception);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new FailureException(
                FailureCodes.HostNotFound, $"The name server did not answer for {name} within {ResolveTimeout.TotalSeconds} s.");
        }
    }

    private static FailureException NotFound(string name, Exception? inner) =>
        new(FailureCodes.HostNotFound, $"The host {name} can't be found: check its spelling, and the machine's DNS.", inner);

    private void Check(string name, IPAddress address, AddressTrust trust)
    {
        if (AddressRanges.IsMetadata(address))
            throw NotAllowed(name, $"{address} is a metadata service, which is never allowed");
        if (IsOperator(trust) || IsReachable(address) || _allowed.Any(entry => entry.Names(name)))
            return;
        throw NotAllowed(name, $"{address} is not a public address; the operator can allow it with ALLOWED_NETWORKS");
    }

    // A zone names an interface of this machine: never a public address.
    private bool IsReachable(IPAddress address) =>
        (AddressRanges.IsPublic(address) && !HasZone(address)) || _allowed.Any(entry => entry.Contains(address));

    private static bool HasZone(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0;

    private bool IsOperator(AddressTrust trust) => trust == AddressTrust.Operator || _callerIsOperator;

    private static FailureException NotAllowed(string host, string why) =>
        new(FailureCodes.AddressNotAllowed, $"The host {host} may not be connected to: {why}.");

    private async ValueTask<Stream> ConnectAsync(DnsEndPoint endPoint, AddressTrust trust, CancellationToken cancellationToken)
    {
        var addresses = await ResolveAsync(endPoint.Host, trust, cancellationToken).ConfigureAwait(false);
        for (var index = 0; ; index++)
        {
            var last = index == addresses.Count - 1;
            var socket = new Socket(addresses[index].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            if (!last)
                bound.CancelAfter(AddressTimeout);
            try
            {
                await socket.ConnectAsync(addresses[index], endPoint.Port, bound.Token).ConfigureAwait(false);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (Exception exception) when (exception is SocketException or OperationCanceledException)
            {
                socket.Dispose();
                if (last || cancellationToken.IsCancellationRequested)
                    throw;
            }
        }
    }

    /// <summary>Through a proxy no address is seen, but a metadata name or literal still is.</summary>
    private sealed class NamedHostCheck(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var name = Canonical(request.RequestUri!.IdnHost);
            if (IPAddress.TryParse(name, out var address) && AddressRanges.IsMetadata(address))
                throw NotAllowed(name, "it is a metadata service, which is never allowed");
            return base.SendAsync(request, cancellationToken);
        }
    }
}
