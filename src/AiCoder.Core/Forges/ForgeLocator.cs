using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Git;
using AiCoder.Core.Network;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Forges;

/// <summary>Finds out which forge a repository is on, and which token its API is given.</summary>
/// <remarks>
/// The forge is known by its host (github.com, gitlab.com, dev.azure.com, GITHUB_HOSTS, GITLAB_HOSTS), by the form of the address
/// (<c>/_git/</c>), or by which token the caller gave. The operator's tokens go only to the hosts that he listed, or, on the
/// command line, to the repository that he names himself.
/// </remarks>
public sealed class ForgeLocator(AiCoderOptions options, AddressGuard guard, TimeProvider time)
{
    private readonly TokenHosts _hosts = new(options);

    /// <exception cref="FailureException">
    /// <c>system/configuration</c>: the forge can't be told; <c>authentication/invalid_token</c>: there is no token for it.
    /// </exception>
    public IForge Locate(TaskSpec spec, TaskSecrets secrets)
    {
        var url = GitUrl.Parse(spec.RepoUrl, options.CallerIsOperator);
        var kind = url.Transport == GitTransport.Local ? null : KindOf(url, secrets);
        if (kind is not { } known || ForgeRepository.Of(url, known) is not { } repository)
        {
            throw new FailureException(
                FailureCodes.Configuration,
                url.Transport == GitTransport.Local
                    ? "A repository on a local path has no pull requests."
                    : $"It can't be told which forge {url.Host} is; list it in GITHUB_HOSTS or GITLAB_HOSTS, or give gitlab_api_token or github_token.");
        }

        var token = TokenFor(known, url, secrets) ?? throw new FailureException(
            FailureCodes.InvalidToken,
            $"There is no token for the API of {url.Host}; give {(known == ForgeKind.GitHub ? "github_token" : known == ForgeKind.GitLab ? "gitlab_api_token" : "credentials.token")}.");
        var api = new ForgeApi(guard, time, repository, token);
        return known switch
        {
            ForgeKind.GitHub => new GitHubForge(api),
            ForgeKind.GitLab => new GitLabForge(api),
            _ => new AzureDevOpsForge(api),
        };
    }

    private ForgeKind? KindOf(GitUrl url, TaskSecrets secrets)
    {
        if (_hosts.IsGitHub(url))
            return ForgeKind.GitHub;
        if (_hosts.IsGitLab(url))
            return ForgeKind.GitLab;
        if (ForgeRepository.LooksLikeAzureDevOps(url))
            return ForgeKind.AzureDevOps;
        if (secrets.GitlabApiToken is not null)
            return ForgeKind.GitLab;
        if (secrets.GithubToken is not null)
            return ForgeKind.GitHub;
        var labels = url.Host.Split('.', '-');
        if (labels.Contains("gitlab"))
            return ForgeKind.GitLab;
        if (labels.Contains("github") || url.Host.EndsWith(".ghe.com", StringComparison.Ordinal))
            return ForgeKind.GitHub;
        // On the command line GITLAB_API_TOKEN is for the self-hosted GitLab that the operator names.
        return options.GitLabApiToken is not null && _hosts.TakesGitLabToken(url) ? ForgeKind.GitLab : null;
    }

    private string? TokenFor(ForgeKind kind, GitUrl url, TaskSecrets secrets) => kind switch
    {
        ForgeKind.GitHub => secrets.GithubToken ?? Own(secrets) ?? (_hosts.IsGitHub(url) ? options.GitHubToken : null),
        ForgeKind.GitLab => secrets.GitlabApiToken ?? Own(secrets) ?? (_hosts.TakesGitLabToken(url) ? options.GitLabApiToken : null),
        _ => Own(secrets),
    };

    private static string? Own(TaskSecrets secrets) => secrets.Token ?? secrets.Password;
}
