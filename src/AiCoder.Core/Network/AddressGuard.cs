using System.Net;
using AiCoder.Core.Configuration;

namespace AiCoder.Core.Network;

/// <summary>
/// Decides which addresses may be connected to, and makes HTTP clients that check the address they really connect to. A name is
/// resolved once and the checked address is the one used, so a name that changes its address between check and use gains nothing.
/// </summary>
public sealed class AddressGuard(AiCoderOptions options)
{
    /// <summary>Resolves a host (or literal address) and returns the addresses that may be connected to, at least one.</summary>
    /// <exception cref="Failures.FailureException">
    /// <c>network/host_not_found</c>, or <c>network/address_not_allowed</c> where any of the host's addresses is forbidden.
    /// </exception>
    public Task<IReadOnlyList<IPAddress>> ResolveAsync(string host, AddressTrust trust, CancellationToken cancellationToken) =>
        throw new NotImplementedException(options.ToString() + host + trust + cancellationToken);

    /// <summary>
    /// A client that connects only to allowed addresses, follows no redirect, keeps no cookies, and uses no proxy for a caller's
    /// address. Its timeout is the caller's affair (<see cref="HttpClient.Timeout"/> is infinite).
    /// </summary>
    public HttpClient CreateClient(AddressTrust trust) => throw new NotImplementedException(trust.ToString());
}
