using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Forges;
using AiCoder.Core.Git;
using AiCoder.Core.Network;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Tests.Forges;

public sealed class ForgeRepositoryTests
{
    private static readonly AiCoderOptions Options = new()
    {
        WorkspaceDir = "/w", StateDir = "/w/s", GitHubHosts = ["github.corp.example"], GitLabHosts = ["git.corp.example:8443"],
        GitLabApiToken = "operators-gitlab", GitHubToken = "operators-github",
    };

    [Theory]
    [InlineData("https://github.com/o/r.git", ForgeKind.GitHub, "https://api.github.com/", "o/r")]
    [InlineData("git@github.com:o/r.git", ForgeKind.GitHub, "https://api.github.com/", "o/r")]
    [InlineData("ssh://git@ssh.github.com:443/o/r", ForgeKind.GitHub, "https://api.github.com/", "o/r")]
    [InlineData("https://github.corp.example/o/r", ForgeKind.GitHub, "https://github.corp.example/api/v3/", "o/r")]
    [InlineData("https://acme.ghe.com/o/r", ForgeKind.GitHub, "https://api.acme.ghe.com/", "o/r")]
    [InlineData("https://gitlab.com/g/sub/deep/p.git", ForgeKind.GitLab, "https://gitlab.com/api/v4/", "g/sub/deep/p")]
    [InlineData("http://gitlab.corp.example:8080/g/项目.git/", ForgeKind.GitLab, "http://gitlab.corp.example:8080/api/v4/", "g/项目")]
    [InlineData("ssh://git@gitlab.corp.example:2222/g/s/p.git", ForgeKind.GitLab, "https://gitlab.corp.example/api/v4/", "g/s/p")]
    [InlineData("https://dev.azure.com/org/my%20project/_git/repo", ForgeKind.AzureDevOps, "https://dev.azure.com/org/", "my project/repo")]
    [InlineData("https://dev.azure.com/org/_git/repo", ForgeKind.AzureDevOps, "https://dev.azure.com/org/", "repo/repo")]
    [InlineData("git@ssh.dev.azure.com:v3/org/project/repo", ForgeKind.AzureDevOps, "https://dev.azure.com/org/", "project/repo")]
    [InlineData("https://org.visualstudio.com/project/_git/repo", ForgeKind.AzureDevOps, "https://org.visualstudio.com/", "project/repo")]
    [InlineData("https://org.visualstudio.com/_git/repo", ForgeKind.AzureDevOps, "https://org.visualstudio.com/", "repo/repo")]
    [InlineData("https://org.visualstudio.com/DefaultCollection/project/_git/repo", ForgeKind.AzureDevOps, "https://org.visualstudio.com/DefaultCollection/", "project/repo")]
    [InlineData("https://tfs.corp.example:8443/tfs/DefaultCollection/Project/_git/repo", ForgeKind.AzureDevOps, "https://tfs.corp.example:8443/tfs/DefaultCollection/", "Project/repo")]
    [InlineData("https://tfs.corp.example/DefaultCollection/_git/repo", ForgeKind.AzureDevOps, "https://tfs.corp.example/DefaultCollection/", "repo/repo")]
    [InlineData("ssh://tfs.corp.example:22/tfs/DefaultCollection/Project/_ssh/repo", ForgeKind.AzureDevOps, "https://tfs.corp.example/tfs/DefaultCollection/", "Project/repo")]
    public void An_address_says_where_its_api_stands(string address, ForgeKind kind, string api, string path)
    {
        var repository = ForgeRepository.Of(GitUrl.Parse(address, allowLocal: false), kind)!;
        Assert.Equal(api, repository.Api.AbsoluteUri);
        Assert.Equal(path, string.Join('/', repository.Path));
    }

    [Theory]
    [InlineData("https://github.com/only-owner", ForgeKind.GitHub)]
    [InlineData("https://github.com/o/r/tree", ForgeKind.GitHub)]
    [InlineData("https://dev.azure.com/org/project/_git", ForgeKind.AzureDevOps)]
    public void What_names_no_repository_is_none(string address, ForgeKind kind) =>
        Assert.Null(ForgeRepository.Of(GitUrl.Parse(address, allowLocal: false), kind));

    [Theory]
    [InlineData("https://github.com/o/r", typeof(GitHubForge))]
    [InlineData("https://github.corp.example/o/r", typeof(GitHubForge))]
    [InlineData("https://gitlab.com/g/p", typeof(GitLabForge))]
    [InlineData("https://git.corp.example:8443/g/p", typeof(GitLabForge))]
    public void The_operators_token_goes_to_the_hosts_he_listed(string address, Type forge) =>
        Assert.IsType(forge, Locate(Options, address, TaskSecrets.None));

    [Theory]
    [InlineData("https://gitlab.evil.example/g/p", FailureCodes.InvalidToken)]
    [InlineData("https://git.corp.example:9999/g/p", FailureCodes.Configuration)]
    [InlineData("https://github.evil.example/o/r", FailureCodes.InvalidToken)]
    [InlineData("https://dev.azure.com/o/p/_git/r", FailureCodes.InvalidToken)]
    [InlineData("https://git.example/g/p", FailureCodes.Configuration)]
    public void The_operators_token_goes_nowhere_else(string address, string code) =>
        Assert.Equal(code, Assert.Throws<FailureException>(() => Locate(Options, address, TaskSecrets.None)).Failure.Code);

    [Fact]
    public void The_kind_of_token_tells_an_unknown_forge()
    {
        Assert.IsType<GitLabForge>(Locate(Options, "https://git.example/g/s/p", new() { GitlabApiToken = "t" }));
        Assert.IsType<GitHubForge>(Locate(Options, "https://git.example/g/p", new() { GithubToken = "t" }));
        Assert.IsType<AzureDevOpsForge>(Locate(Options, "https://tfs.example/c/p/_git/r", new() { Token = "t" }));
        Assert.IsType<GitLabForge>(Locate(Options with { CallerIsOperator = true }, "https://git.example/g/p", TaskSecrets.None));
        Assert.Throws<FailureException>(() => Locate(Options with { CallerIsOperator = true }, "https://bitbucket.org/g/p", TaskSecrets.None));
        Assert.Throws<FailureException>(() => Locate(Options with { CallerIsOperator = true }, "/srv/git/p.git", TaskSecrets.None));
    }

    private static IForge Locate(AiCoderOptions options, string address, TaskSecrets secrets) =>
        new ForgeLocator(options, new AddressGuard(options), TimeProvider.System).Locate(
            new TaskSpec { TaskId = "t", RepoUrl = address, Intent = "i", WorkBranch = "ai/t", Model = "m" }, secrets);
}
