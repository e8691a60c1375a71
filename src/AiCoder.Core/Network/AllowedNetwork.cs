using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace AiCoder.Core.Network;

/// <summary>
/// One entry of ALLOWED_NETWORKS: a host (<c>git.corp.example</c>), every host below a domain (<c>*.corp.example</c>), an
/// address, or a CIDR (<c>10.0.0.0/8</c>, <c>fd00::/8</c>).
/// </summary>
public sealed class AllowedNetwork
{
    private readonly string? _host;
    private readonly IPNetwork _range;

    private AllowedNetwork(string host) => _host = host;

    private AllowedNetwork(IPNetwork range) => _range = range;

    /// <summary>Reads an entry. False where it is neither a host nor an address nor a CIDR.</summary>
    public static bool TryParse(string entry, out AllowedNetwork? network)
    {
        network = null;
        var text = entry.Trim();
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (IPAddress.TryParse((slash < 0 ? text : text[..slash]).Trim('[', ']'), out var address))
        {
            address = AddressRanges.Normalize(address);
            var longest = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
            var length = longest;
            if (slash >= 0 && !(int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out length) && length <= longest))
                return false;
            network = new(new IPNetwork(Masked(address, length), length));
            return true;
        }

        var host = text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text;
        if (slash >= 0 || Uri.CheckHostName(host) != UriHostNameType.Dns)
            return false;
        network = new(text.TrimEnd('.'));
        return true;
    }

    /// <summary>Whether this entry names the host itself, so that every address it resolves to is trusted.</summary>
    public bool Names(string host)
    {
        if (_host is null)
            return false;
        var name = host.TrimEnd('.');
        return _host.StartsWith("*.", StringComparison.Ordinal)
            ? name.Length >= _host.Length && name.EndsWith(_host[1..], StringComparison.OrdinalIgnoreCase)
            : name.Equals(_host, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether this entry is a range that holds the address.</summary>
    public bool Contains(IPAddress address) => _host is null && _range.Contains(AddressRanges.Normalize(address));

    // People write 10.1.2.3/8 and mean 10.0.0.0/8.
    private static IPAddress Masked(IPAddress address, int length)
    {
        var bytes = address.GetAddressBytes();
        for (var index = 0; index < bytes.Length; index++)
        {
            var bits = Math.Clamp(length - (index * 8), 0, 8);
            bytes[index] &= (byte)(0xFF << (8 - bits));
        }

        return new IPAddress(bytes);
    }
}
