using AiCoder.Core.Configuration;

namespace AiCoder.Core.Git;

/// <summary>
/// Which hosts are GitHub and GitLab, and so which of the operator's tokens a host may be sent, by git and by the forge's API alike.
/// An entry of GITHUB_HOSTS and GITLAB_HOSTS names a host, or a host with its port.
/// </summary>
internal sealed class TokenHosts(AiCoderOptions options)
{
    // Surely no GitLab.
    private static readonly string[] Elsewhere = ["bitbucket.org", "dev.azure.com", "ssh.dev.azure.com", "gitee.com", "codeberg.org"];

    public bool IsGitHub(GitUrl url) => url.Host is "github.com" or "ssh.github.com" || IsListed(url, options.GitHubHosts);

    public bool IsGitLab(GitUrl url) => url.Host is "gitlab.com" or "altssh.gitlab.com" || IsListed(url, options.GitLabHosts);

    /// <summary>
    /// GITLAB_API_TOKEN goes to GitLab; on the command line also to the self-hosted GitLab that the operator names. (GITHUB_TOKEN stands
    /// in many an environment unasked, so it goes to GitHub only.)
    /// </summary>
    public bool TakesGitLabToken(GitUrl url) =>
        IsGitLab(url)
        || (options.CallerIsOperator && !IsGitHub(url) && !Elsewhere.Contains(url.Host) && !url.Host.EndsWith(".visualstudio.com", StringComparison.Ordinal));

    private static bool IsListed(GitUrl url, IReadOnlyList<string> hosts) =>
        hosts.Any(host => host.Equals(url.Host, StringComparison.OrdinalIgnoreCase)
            || host.Equals($"{url.Host}:{url.EffectivePort}", StringComparison.OrdinalIgnoreCase));
}
