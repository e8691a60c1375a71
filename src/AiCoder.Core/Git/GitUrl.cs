using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using AiCoder.Core.Failures;

namespace AiCoder.Core.Git;

/// <summary>
/// A repository's address, checked: https, http, ssh (also <c>user@host:path</c>) or, for the operator, a local path. Forms that
/// git would run as a program (<c>ext::</c>) or take for an option (<c>-…</c>) are no addresses.
/// </summary>
public sealed partial record GitUrl
{
    public required GitTransport Transport { get; init; }

    /// <summary>Without user information: what may be stored, shown and logged.</summary>
    public required string Address { get; init; }

    /// <summary>Lower case, without brackets; empty for a local path.</summary>
    public string Host { get; init; } = "";

    /// <summary>Null where the address names none.</summary>
    public int? Port { get; init; }

    /// <summary>As the address has it (escaped where the scheme escapes); for a local path the absolute path.</summary>
    public required string Path { get; init; }

    /// <summary>The user that the address named.</summary>
    public string? User { get; init; }

    /// <summary>The password or token that the address named: a secret, to be moved to the secrets at once.</summary>
    public string? Password { get; init; }

    /// <summary>The port that is connected to; 0 for a local path.</summary>
    public int EffectivePort => Port ?? Transport switch
    {
        GitTransport.Https => 443,
        GitTransport.Http => 80,
        GitTransport.Ssh => 22,
        _ => 0,
    };

    private bool IsScp { get; init; }

    /// <summary>The host as it stands in an address: IPv6 in brackets.</summary>
    private string BracketedHost => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host;

    /// <summary>Scheme, host and port, which decide where credentials may go; empty for ssh and local paths.</summary>
    public string Origin => Transport switch
    {
        GitTransport.Https => "https://" + Authority,
        GitTransport.Http => "http://" + Authority,
        _ => "",
    };

    private string Authority => Port is null ? BracketedHost : $"{BracketedHost}:{Port}";

    /// <exception cref="FailureException"><c>network/address_not_allowed</c>, saying what is wrong with it.</exception>
    public static GitUrl Parse(string text, bool allowLocal) =>
        TryParse(text, allowLocal, out var url, out var problem)
            ? url
            : throw new FailureException(FailureCodes.AddressNotAllowed, problem);

    /// <summary>Reads an address; where it is none, <paramref name="problem"/> is a sentence that holds no secret.</summary>
    public static bool TryParse(
        string? text,
        bool allowLocal,
        [NotNullWhen(true)] out GitUrl? url,
        [NotNullWhen(false)] out string? problem)
    {
        url = null;
        problem = null;
        if (string.IsNullOrWhiteSpace(text))
            problem = "The repository's address is empty.";
        else if (text.Any(char.IsControl) || text.Length > 4096)
            problem = "The repository's address holds control characters or is longer than 4096 characters.";
        else if (text.StartsWith('-'))
            problem = "The repository's address begins with '-', which git would take for an option.";
        else if (RemoteHelper().IsMatch(text))
            problem = "The repository's address names a git remote helper ('name::address'), which is not allowed.";
        else if (text.Contains("://", StringComparison.Ordinal))
            (url, problem) = FromUri(text, allowLocal);
        else if (Scp().Match(text) is { Success: true } scp)
            (url, problem) = FromScp(scp);
        else
            (url, problem) = FromPath(text, allowLocal);
        return url is not null;
    }

    /// <summary>The address as it is handed to git.</summary>
    /// <param name="user">Who logs in over ssh; http logins never stand in the address.</param>
    public string ForGit(string? user) => Transport switch
    {
        GitTransport.Ssh when IsScp => $"{user}@{BracketedHost}:{Path}",
        GitTransport.Ssh => $"ssh://{user}@{Authority}{Path}",
        GitTransport.Local => "file://" + Path,
        _ => Address,
    };

    /// <summary>The same repository under another address of the same origin, where a server redirected.</summary>
    public GitUrl WithPath(string path) => this with { Path = path, Address = Origin + path };

    /// <summary>Prints no password, whoever logs this.</summary>
    public override string ToString() => Address;

    private static (GitUrl? Url, string? Problem) FromUri(string text, bool allowLocal)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri))
            return (null, "The repository's address can't be read; it looks like https://host/group/project.git.");
        var transport = uri.Scheme.ToLowerInvariant() switch
        {
            "https" => GitTransport.Https,
            "http" => GitTransport.Http,
            "ssh" => GitTransport.Ssh,
            "file" => GitTransport.Local,
            _ => (GitTransport?)null,
        };
        if (transport is null)
            return (null, $"The scheme '{uri.Scheme}' is not allowed for a repository; use https, http or ssh.");
        if (transport == GitTransport.Local)
        {
            return uri.Host.Length == 0
                ? FromPath(Uri.UnescapeDataString(uri.AbsolutePath), allowLocal)
                : (null, "A file address with a host is not allowed.");
        }
        if (uri.Query.Length > 0 || uri.Fragment.Length > 0)
            return (null, "The repository's address holds a '?' or '#' part, which no repository has.");
        var host = uri.IdnHost.Trim('[', ']').ToLowerInvariant();
        if (!HostName().IsMatch(host))
            return (null, "The repository's address names no usable host.");
        if (uri.AbsolutePath.Trim('/').Length == 0)
            return (null, $"The address names the host {host}, but no repository on it.");
        var login = uri.UserInfo.Split(':', 2).Select(Uri.UnescapeDataString).ToArray();
        if (login[0].StartsWith('-') || login.Any(part => part.Any(char.IsControl)))
            return (null, "The user in the repository's address is not allowed.");
        var url = new GitUrl
        {
            Transport = transport.Value,
            Address = "",
            Host = host,
            Port = uri.IsDefaultPort || uri.Port <= 0 ? null : uri.Port,
            Path = uri.AbsolutePath,
            User = login[0].Length > 0 ? login[0] : null,
            Password = login.Length > 1 && login[1].Length > 0 ? login[1] : null,
        };
        return (url with { Address = $"{uri.Scheme.ToLowerInvariant()}://{url.Authority}{url.Path}" }, null);
    }

    private static (GitUrl? Url, string? Problem) FromScp(Match match)
    {
        var host = match.Groups["host"].Value.Trim('[', ']').ToLowerInvariant();
        var path = match.Groups["path"].Value;
        var user = match.Groups["user"].Value;
        if (!HostName().IsMatch(host) || user.StartsWith('-') || path.StartsWith('-'))
            return (null, "The repository's address holds a part that begins with '-' or names no usable host.");
        var url = new GitUrl
        {
            Transport = GitTransport.Ssh,
            Address = "",
            Host = host,
            Path = path,
            User = user.Length > 0 ? user : null,
            IsScp = true,
        };
        return (url with { Address = $"{url.BracketedHost}:{path}" }, null);
    }

    private static (GitUrl? Url, string? Problem) FromPath(string text, bool allowLocal)
    {
        if (!text.StartsWith('/') && !text.StartsWith('.'))
            return (null, "The repository's address has no scheme; it looks like https://host/group/project.git or user@host:group/project.git.");
        if (!allowLocal)
            return (null, "A path on the server is not allowed as a repository; use https, http or ssh.");
        var path = System.IO.Path.GetFullPath(text);
        return (new() { Transport = GitTransport.Local, Address = path, Path = path }, null);
    }

    [GeneratedRegex("^[A-Za-z0-9+.-]+::")]
    private static partial Regex RemoteHelper();

    [GeneratedRegex(@"^(?:(?<user>[^@/:\s]+)@)?(?<host>\[[0-9A-Fa-f:.]+\]|[^@/:\s\[\]]+):(?<path>[^:].*)$")]
    private static partial Regex Scp();

    [GeneratedRegex(@"^(?:[a-z0-9_](?:[a-z0-9._-]*[a-z0-9_])?\.?|[0-9a-f:.]+(?:%[a-z0-9]+)?)$")]
    private static partial Regex HostName();
}
