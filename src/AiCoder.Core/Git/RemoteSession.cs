using System.Globalization;
using System.Net;

namespace AiCoder.Core.Git;

/// <summary>
/// What one git process needs to reach one remote: login, pinned address, bounds. The secret goes to git alone and only when it asks
/// for the login of this very origin; nothing of it stands in an argument, an environment or (ssh keys apart) a file.
/// </summary>
internal sealed class RemoteSession : IDisposable
{
    private readonly SecretPipe? _secret;
    private readonly SshLogin? _ssh;

    public RemoteSession(RemoteAccess access, GitBounds bounds, IReadOnlyDictionary<string, string> operators, string gitFolder)
    {
        var url = access.Url;
        var configuration = new List<(string, string)>();
        var environment = new Dictionary<string, string>();
        switch (url.Transport)
        {
            case GitTransport.Local:
                configuration.Add(("protocol.file.allow", "always"));
                environment["GIT_CONFIG_GLOBAL"] = TrustedFolders(gitFolder);
                break;
            case GitTransport.Ssh:
                configuration.Add(("protocol.ssh.allow", "always"));
                _ssh = new(access);
                environment["GIT_SSH_COMMAND"] = _ssh.Command;
                environment["GIT_SSH_VARIANT"] = "ssh";
                if (access.SshPrivateKey is null && operators.TryGetValue("SSH_AUTH_SOCK", out var agent))
                    environment["SSH_AUTH_SOCK"] = agent;
                break;
            default:
                configuration.Add(($"protocol.{(url.Transport == GitTransport.Https ? "https" : "http")}.allow", "always"));
                AddHttp(access, bounds, operators, configuration, environment);
                if (access.Secret is not null)
                {
                    _secret = new(access.Secret);
                    configuration.Add(($"credential.{url.Origin}.username", access.User ?? "git"));
                    configuration.Add(($"credential.{url.Origin}.helper", _secret.CredentialHelper));
                }
                break;
        }
        (Configuration, Environment) = (configuration, environment);
    }

    public IReadOnlyList<(string Key, string Value)> Configuration { get; }

    public IReadOnlyDictionary<string, string> Environment { get; }

    public void Dispose()
    {
        _secret?.Dispose();
        _ssh?.Dispose();
    }

    private static void AddHttp(
        RemoteAccess access,
        GitBounds bounds,
        IReadOnlyDictionary<string, string> operators,
        List<(string, string)> configuration,
        Dictionary<string, string> environment)
    {
        var url = access.Url;
        // A redirect would lead to an address nobody checked; GitRemote looks at where it points and decides.
        configuration.Add(("http.followRedirects", "false"));
        configuration.Add(("http.lowSpeedLimit", "1"));
        configuration.Add(("http.lowSpeedTime", ((int)bounds.Silence.TotalSeconds).ToString(CultureInfo.InvariantCulture)));
        if (access.Addresses.Count > 0 && !IPAddress.TryParse(url.Host, out _))
        {
            var addresses = string.Join(',', access.Addresses.Select(address => address.ToString() is var text && text.Contains(':', StringComparison.Ordinal) ? $"[{text}]" : text));
            configuration.Add(("http.curloptResolve", string.Create(CultureInfo.InvariantCulture, $"{url.Host}:{url.EffectivePort}:{addresses}")));
        }
        GitSettings.AddAuthorities(environment, operators);
        if (access.UseProxy && GitSettings.ProxyFor(url, operators) is { } proxy)
            environment[url.Transport == GitTransport.Https ? "https_proxy" : "http_proxy"] = proxy;
    }

    /// <summary>
    /// The operator named the path himself, whoever owns it. git takes this setting only from a file, since the other end runs as a
    /// process of its own.
    /// </summary>
    private static string TrustedFolders(string gitFolder)
    {
        var file = Path.Combine(gitFolder, "trusted-folders");
        File.WriteAllText(file, "[safe]\n\tdirectory = *\n");
        return file;
    }
}
