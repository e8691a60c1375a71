using System.Net;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Network;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Git;

/// <summary>Decides which login goes to a repository's host, and checks the host's address.</summary>
public sealed class RemoteAccessResolver(AiCoderOptions options, AddressGuard guard)
{
    private const string GitLabUser = "oauth2";
    private const string GitHubUser = "x-access-token";
    private const string BitbucketUser = "x-token-auth";

    private readonly TokenHosts _hosts = new(options);

    /// <exception cref="FailureException">
    /// The address is not allowed or not found (<c>network</c>), or an ssh address came without a key
    /// (<c>authentication/invalid_token</c>).
    /// </exception>
    public async Task<RemoteAccess> ResolveAsync(TaskSpec spec, TaskSecrets secrets, CancellationToken cancellationToken)
    {
        var url = GitUrl.Parse(spec.RepoUrl, options.CallerIsOperator);
        var trust = options.CallerIsOperator ? AddressTrust.Operator : AddressTrust.Caller;
        var access = new RemoteAccess { Url = url, Trust = trust };
        switch (url.Transport)
        {
            case GitTransport.Local:
                return access;
            case GitTransport.Ssh:
                access = access with
                {
                    User = spec.Username ?? url.User ?? "git",
                    SshPrivateKey = SshKey(secrets, url),
                    KnownHosts = spec.KnownHosts,
                };
                break;
            default:
                var (user, secret) = Login(spec, secrets, url);
                if (secret is not null && (secret.Any(char.IsControl) || secret.Length > SecretPipe.Limit))
                {
                    throw new FailureException(
                        FailureCodes.InvalidToken,
                        $"The token or password for {url.Host} holds control characters or is too long; it was probably copied with a line break.");
                }
                access = access with { User = user, Secret = secret, UseProxy = UsesProxy(url, trust) };
                break;
        }
        // Behind a proxy our own resolver may know no name; a literal address can be checked all the same.
        if (access.UseProxy && !IPAddress.TryParse(url.Host, out _))
            return access;
        return access with { Addresses = await guard.ResolveAsync(url.Host, trust, cancellationToken).ConfigureAwait(false) };
    }

    private string? SshKey(TaskSecrets secrets, GitUrl url) =>
        secrets.SshPrivateKey is { Length: > 0 } key ? key
        : options.CallerIsOperator ? null
        : throw new FailureException(
            FailureCodes.InvalidToken,
            $"The ssh address {url} needs a key: give credentials.ssh_private_key, or use the repository's https address with a token.");

    private (string? User, string? Secret) Login(TaskSpec spec, TaskSecrets secrets, GitUrl url)
    {
        var named = spec.Username ?? url.User;
        if (secrets.Token is { Length: > 0 } token)
            return (named ?? TokenUser(url), token);
        if ((secrets.Password ?? url.Password) is { Length: > 0 } password)
            return (named ?? TokenUser(url), password);

        // A caller's token was given for the repository that he names; the operator's go where TokenHosts says.
        var isGitHub = _hosts.IsGitHub(url);
        var gitLab = secrets.GitlabApiToken ?? (_hosts.TakesGitLabToken(url) ? options.GitLabApiToken : null);
        var gitHub = secrets.GithubToken ?? (isGitHub ? options.GitHubToken : null);
        var ordered = isGitHub
            ? new[] { (GitHubUser, gitHub), (GitLabUser, gitLab) }
            : [(GitLabUser, gitLab), (GitHubUser, gitHub)];
        foreach (var (user, secret) in ordered)
        {
            if (!string.IsNullOrEmpty(secret))
                return (named ?? user, secret);
        }
        return (null, null);
    }

    private string TokenUser(GitUrl url) =>
        _hosts.IsGitHub(url) ? GitHubUser
        : url.Host == "bitbucket.org" ? BitbucketUser
        // GitLab wants this name for OAuth tokens; Azure DevOps and Gitea take any.
        : GitLabUser;

    /// <summary>
    /// The operator's proxy serves the operator's addresses and the hosts that ALLOWED_NETWORKS names; behind it the address that
    /// is really connected to can't be checked.
    /// </summary>
    private bool UsesProxy(GitUrl url, AddressTrust trust) =>
        GitSettings.ProxyFor(url, options.GitEnvironment) is not null
        && (trust == AddressTrust.Operator
            || options.AllowedNetworks.Any(entry => AllowedNetwork.TryParse(entry, out var network) && network!.Names(url.Host)));
}
