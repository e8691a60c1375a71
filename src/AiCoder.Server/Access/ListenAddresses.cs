using System.Net;
using System.Net.Sockets;
using AiCoder.Core.Failures;
using Microsoft.AspNetCore.Http;

namespace AiCoder.Server.Access;

/// <summary>Where the server is to listen, checked before anything is opened.</summary>
internal sealed class ListenAddresses
{
    private readonly IReadOnlyList<BindingAddress> _addresses;

    private ListenAddresses(IReadOnlyList<BindingAddress> addresses) => _addresses = addresses;

    /// <summary>As the web server takes them.</summary>
    public string[] Urls => [.. _addresses.Select(address => address.ToString())];

    /// <param name="urls">Separated by semicolons.</param>
    /// <exception cref="FailureException"><c>system/configuration</c>.</exception>
    public static ListenAddresses Parse(string urls)
    {
        var parts = urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return parts.Length == 0
            ? throw Problem("No address to listen on is given; --urls (or ASPNETCORE_URLS) takes one like http://127.0.0.1:8080.")
            : new([.. parts.Select(ParseOne)]);
    }

    /// <summary>For a server that asks nobody for a key.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>: an address can be reached from other machines.</exception>
    public void RequireLoopback()
    {
        if (_addresses.FirstOrDefault(address => !IsLoopback(address.Host)) is { } open)
            throw Problem(
                $"{open} can be reached from other machines, and AICODER_API_KEY is not set. Set AICODER_API_KEY to a key that callers must send "
                + "(like the output of 'openssl rand -hex 24'), or listen on http://127.0.0.1 only.");
    }

    /// <summary>Whether a host's name or address is this machine's own.</summary>
    public static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    /// <summary>Why the web server could not listen; null where something else went wrong.</summary>
    public static string? ProblemOf(Exception exception) => exception switch
    {
        SocketException { SocketErrorCode: SocketError.AddressNotAvailable } => "this machine does not have that address.",
        SocketException { SocketErrorCode: SocketError.AccessDenied } => "this user may not listen on that port; take one from 1024 on.",
        SocketException or IOException => exception.Message,
        _ => null,
    };

    private static BindingAddress ParseOne(string url)
    {
        BindingAddress address;
        try
        {
            address = BindingAddress.Parse(url);
        }
        catch (FormatException)
        {
            throw Problem($"'{url}' is no address to listen on; give one like http://127.0.0.1:8080.");
        }

        if (!address.Scheme.Equals("http", StringComparison.OrdinalIgnoreCase))
            throw Problem($"'{url}' can't be listened on: only http is served. Put a reverse proxy or an ingress with the certificate in front.");
        if (address.IsUnixPipe || address.PathBase.Length > 0)
            throw Problem($"'{url}' can't be listened on: give a host and a port, like http://127.0.0.1:8080.");
        if (address.Port > IPEndPoint.MaxPort)
            throw Problem($"'{url}' can't be listened on: there is no port {address.Port}; the highest is {IPEndPoint.MaxPort}.");
        // The web server refuses port 0 for a name that has two addresses.
        return address.Port == 0 && address.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            ? BindingAddress.Parse("http://127.0.0.1:0")
            : address;
    }

    private static FailureException Problem(string message) => new(FailureCodes.Configuration, message);
}
