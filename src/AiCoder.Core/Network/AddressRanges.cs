using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace AiCoder.Core.Network;

/// <summary>
/// What an address is for, by IANA's special-purpose registries (RFC 6890 and its updates) and the clouds' documentation.
/// </summary>
internal static class AddressRanges
{
    // Credentials of the machine itself are handed out here, so nobody is ever let through, the operator included.
    private static readonly HashSet<IPAddress> Metadata =
    [
        IPAddress.Parse("169.254.169.254"), // AWS, Azure, Google, Oracle, DigitalOcean, OpenStack
        IPAddress.Parse("169.254.170.2"), // AWS ECS task credentials
        IPAddress.Parse("169.254.170.23"), // AWS EKS pod identity
        IPAddress.Parse("169.254.0.23"), // Tencent Cloud
        IPAddress.Parse("168.63.129.16"), // Azure's host: DHCP, health, agent channel
        IPAddress.Parse("100.100.100.200"), // Alibaba Cloud
        IPAddress.Parse("192.0.0.192"), // Oracle Cloud classic
        IPAddress.Parse("fd00:ec2::254"), // AWS
        IPAddress.Parse("fd00:ec2::23"), // AWS EKS pod identity
        IPAddress.Parse("fd20:ce::254"), // Google
        IPAddress.Parse("fe80::a9fe:a9fe"), // OpenStack
    ];

    private static readonly HashSet<string> MetadataNames = new(StringComparer.OrdinalIgnoreCase)
    {
        "metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal",
        "metadata.tencentyun.com", "metadata.azure.internal", "metadata.platformequinix.com", "metadata.packet.net",
    };

    private static readonly IPNetwork[] NotPublic4 =
    [
        IPNetwork.Parse("0.0.0.0/8"), // this network
        IPNetwork.Parse("10.0.0.0/8"), // private
        IPNetwork.Parse("100.64.0.0/10"), // carrier-grade NAT
        IPNetwork.Parse("127.0.0.0/8"), // loopback
        IPNetwork.Parse("168.63.129.16/32"), // Azure's host
        IPNetwork.Parse("169.254.0.0/16"), // link-local
        IPNetwork.Parse("172.16.0.0/12"), // private
        IPNetwork.Parse("192.0.0.0/24"), // protocol assignments
        IPNetwork.Parse("192.0.2.0/24"), // documentation
        IPNetwork.Parse("192.88.99.0/24"), // 6to4 relays
        IPNetwork.Parse("192.168.0.0/16"), // private
        IPNetwork.Parse("198.18.0.0/15"), // benchmarks
        IPNetwork.Parse("198.51.100.0/24"), // documentation
        IPNetwork.Parse("203.0.113.0/24"), // documentation
        IPNetwork.Parse("224.0.0.0/4"), // multicast
        IPNetwork.Parse("240.0.0.0/4"), // reserved, broadcast
    ];

    // Everything outside of it is loopback, link-local, unique local, multicast, NAT64, discard or not given to anyone.
    private static readonly IPNetwork GlobalUnicast6 = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] NotPublic6 =
    [
        IPNetwork.Parse("2001::/23"), // protocol assignments: Teredo, benchmarks, ORCHID
        IPNetwork.Parse("2001:db8::/32"), // documentation
        IPNetwork.Parse("2002::/16"), // 6to4
        IPNetwork.Parse("3fff::/20"), // documentation
    ];

    private static readonly IPNetwork[] Nat64 = [IPNetwork.Parse("64:ff9b::/96"), IPNetwork.Parse("64:ff9b:1::/48")];
    private static readonly IPNetwork SixToFour = IPNetwork.Parse("2002::/16");
    private static readonly IPNetwork Teredo = IPNetwork.Parse("2001::/32");
    private static readonly IPNetwork Compatible = IPNetwork.Parse("::/96");

    /// <summary>A v4-mapped address as IPv4, any other without its zone.</summary>
    public static IPAddress Normalize(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0 ? new IPAddress(address.GetAddressBytes())
        : address;

    /// <summary>Whether a name is one by which clouds serve a machine's own credentials.</summary>
    public static bool IsMetadataName(string host) => MetadataNames.Contains(host.TrimEnd('.'));

    /// <summary>Whether an address, or the IPv4 address it carries, serves a machine's own credentials.</summary>
    public static bool IsMetadata(IPAddress address)
    {
        var plain = Normalize(address);
        return Metadata.Contains(plain) || (Embedded(plain) is { } inner && Metadata.Contains(inner));
    }

    /// <summary>Whether an address belongs to the public internet.</summary>
    public static bool IsPublic(IPAddress address)
    {
        var plain = Normalize(address);
        return plain.AddressFamily switch
        {
            AddressFamily.InterNetwork => !NotPublic4.Any(range => range.Contains(plain)),
            AddressFamily.InterNetworkV6 => GlobalUnicast6.Contains(plain) && !NotPublic6.Any(range => range.Contains(plain)) && !IsIsatap(plain),
            _ => false,
        };
    }

    /// <summary>The IPv4 address that a transition address leads to; null where it is none.</summary>
    public static IPAddress? Embedded(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return null;

        var bytes = address.GetAddressBytes();
        if (SixToFour.Contains(address))
            return new IPAddress(bytes.AsSpan(2, 4));
        if (Teredo.Contains(address))
            return new IPAddress(bytes[12..].Select(part => (byte)~part).ToArray());
        if (Nat64.Any(range => range.Contains(address)) || Compatible.Contains(address) || IsIsatap(address))
            return new IPAddress(bytes.AsSpan(12, 4));
        return null;
    }

    // RFC 5214: the interface identifier is 0000:5efe or 0200:5efe and the IPv4 address.
    private static bool IsIsatap(IPAddress address) =>
        (BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes().AsSpan(8, 4)) & ~0x0200_0000u) == 0x0000_5efe;
}
