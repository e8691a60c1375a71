using System.Net;
using AiCoder.Core.Network;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Git;

/// <summary>
/// How to reach one repository: its address, the login for it, and the addresses that were checked. Made by
/// <see cref="RemoteAccessResolver"/>; lives as long as one operation and is never stored.
/// </summary>
public sealed record RemoteAccess
{
    public required GitUrl Url { get; init; }

    /// <summary>Who logs in; null: nobody.</summary>
    public string? User { get; init; }

    /// <summary>The password or token for http and https.</summary>
    internal string? Secret { get; init; }

    /// <summary>The private key for ssh; null: the operator's own keys, where the operator is the caller.</summary>
    internal string? SshPrivateKey { get; init; }

    /// <summary>known_hosts lines that the caller vouches for; null: those of the machine.</summary>
    public string? KnownHosts { get; init; }

    /// <summary>The checked addresses, of which one is connected to; empty for a local path and behind the operator's proxy.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    public AddressTrust Trust { get; init; } = AddressTrust.Caller;

    /// <summary>The operator's proxy may be used.</summary>
    public bool UseProxy { get; init; }

    /// <summary>Whether any login goes along.</summary>
    public bool HasCredentials => Secret is not null || SshPrivateKey is not null;

    /// <summary>Takes this access' secrets out of what a program printed.</summary>
    internal SecretRedactor Redactor => new(new[] { Secret, SshPrivateKey, Url.Password }.OfType<string>());

    /// <summary>Prints no secret, whoever logs this.</summary>
    public override string ToString() => $"RemoteAccess {{ Url = {Url}, User = {User} }}";
}
