using System.Globalization;

namespace AiCoder.Core.Git;

/// <summary>
/// The environment and configuration that every git process of ours runs with. Nothing of a user, a system or a repository
/// configures it: no hooks, no filters, no file system monitor, no submodules, no transport but the one that is asked for.
/// </summary>
public static class GitSettings
{
    private const string DefaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /// <summary>The variables of the operator that reach git; what <see cref="Configuration.AiCoderOptions.GitEnvironment"/> holds.</summary>
    public static IReadOnlyList<string> EnvironmentNames { get; } =
    [
        "PATH", "HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy",
        "GIT_SSL_CAINFO", "GIT_SSL_CAPATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSH_AUTH_SOCK",
    ];

    /// <summary>The configuration that holds for every call, local or not.</summary>
    internal static readonly IReadOnlyList<(string Key, string Value)> Always =
    [
        ("core.hooksPath", "/dev/null"),
        ("core.fsmonitor", "false"),
        ("core.untrackedCache", "false"),
        ("core.autocrlf", "false"),
        ("core.safecrlf", "false"),
        ("core.quotePath", "false"),
        ("core.attributesFile", "/dev/null"),
        ("core.excludesFile", "/dev/null"),
        ("core.fsync", "loose-object,pack,pack-metadata"),
        ("core.fsyncMethod", "batch"),
        ("gc.auto", "0"),
        ("maintenance.auto", "false"),
        ("submodule.recurse", "false"),
        ("fetch.recurseSubmodules", "false"),
        ("push.recurseSubmodules", "no"),
        ("protocol.allow", "never"),
        ("credential.helper", ""),
    ];

    /// <summary>The environment of a call, without credentials.</summary>
    internal static Dictionary<string, string> Environment(
        IReadOnlyDictionary<string, string> operators, IEnumerable<(string Key, string Value)> configuration)
    {
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = operators.GetValueOrDefault("PATH", DefaultPath),
            // libcurl would read a .netrc there, and git a user's settings.
            ["HOME"] = "/nonexistent",
            ["LC_ALL"] = "C",
            ["GIT_CONFIG_NOSYSTEM"] = "1",
            ["GIT_CONFIG_GLOBAL"] = "/dev/null",
            ["GIT_ATTR_NOSYSTEM"] = "1",
            ["GIT_TERMINAL_PROMPT"] = "0",
            ["GIT_ADVICE"] = "0",
        };
        var count = 0;
        foreach (var (key, value) in configuration)
        {
            var index = count++.ToString(CultureInfo.InvariantCulture);
            environment["GIT_CONFIG_KEY_" + index] = key;
            environment["GIT_CONFIG_VALUE_" + index] = value;
        }
        environment["GIT_CONFIG_COUNT"] = count.ToString(CultureInfo.InvariantCulture);
        return environment;
    }

    /// <summary>The operator's certificate authorities; SSL_CERT_FILE means the same to git, whatever TLS library it was built with.</summary>
    internal static void AddAuthorities(Dictionary<string, string> environment, IReadOnlyDictionary<string, string> operators)
    {
        if ((operators.GetValueOrDefault("GIT_SSL_CAINFO") ?? operators.GetValueOrDefault("SSL_CERT_FILE")) is { Length: > 0 } file)
            environment["GIT_SSL_CAINFO"] = file;
        if ((operators.GetValueOrDefault("GIT_SSL_CAPATH") ?? operators.GetValueOrDefault("SSL_CERT_DIR")) is { Length: > 0 } directory)
            environment["GIT_SSL_CAPATH"] = directory;
    }

    /// <summary>The operator's proxy for an address, by the rules that curl follows; null: none.</summary>
    internal static string? ProxyFor(GitUrl url, IReadOnlyDictionary<string, string> operators)
    {
        if (url.Transport is not (GitTransport.Https or GitTransport.Http))
            return null;
        string? First(params ReadOnlySpan<string> names)
        {
            foreach (var name in names)
            {
                if (operators.GetValueOrDefault(name) is { Length: > 0 } value)
                    return value;
            }
            return null;
        }

        var proxy = url.Transport == GitTransport.Https
            ? First("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
            : First("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY");
        var bypassed = (First("no_proxy", "NO_PROXY") ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return proxy is null || bypassed.Any(entry => IsBypassed(url.Host, entry)) ? null : proxy;
    }

    private static bool IsBypassed(string host, string entry)
    {
        var name = entry.TrimStart('*').TrimStart('.').Split(':')[0];
        return entry == "*" || (name.Length > 0
            && (host.Equals(name, StringComparison.OrdinalIgnoreCase) || host.EndsWith("." + name, StringComparison.OrdinalIgnoreCase)));
    }
}
