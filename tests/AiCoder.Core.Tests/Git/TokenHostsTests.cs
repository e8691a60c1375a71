using AiCoder.Core.Configuration;
using AiCoder.Core.Git;

namespace AiCoder.Core.Tests.Git;

/// <summary>Where the operator's tokens may go.</summary>
public sealed class TokenHostsTests
{
    [Theory]
    [InlineData("https://gitlab.com/a/b.git", true, true)]
    [InlineData("https://git.example.com/a/b.git", true, true)]
    [InlineData("https://git.example.com:8443/a/b.git", true, true)]
    [InlineData("https://code.example.com:8443/a/b.git", true, true)]
    [InlineData("https://code.example.com/a/b.git", true, false)]
    [InlineData("https://other.example.com/a/b.git", true, false)]
    [InlineData("https://github.com/a/b.git", false, false)]
    [InlineData("https://bitbucket.org/a/b.git", false, false)]
    [InlineData("https://dev.azure.com/o/p/_git/r", false, false)]
    [InlineData("https://o.visualstudio.com/p/_git/r", false, false)]
    public void The_operators_gitlab_token_goes_to_gitlab_and_on_the_command_line_to_the_host_that_he_names(string address, bool onCommandLine, bool onService)
    {
        var url = GitUrl.Parse(address, allowLocal: false);

        Assert.Equal(onCommandLine, Hosts(callerIsOperator: true).TakesGitLabToken(url));
        Assert.Equal(onService, Hosts(callerIsOperator: false).TakesGitLabToken(url));
    }

    [Theory]
    [InlineData("https://github.com/a/b.git", true)]
    [InlineData("https://ghe.example.com/a/b.git", true)]
    [InlineData("https://github.com.example.com/a/b.git", false)]
    public void GitHub_is_where_it_is_known_or_listed(string address, bool expected) =>
        Assert.Equal(expected, Hosts(callerIsOperator: true).IsGitHub(GitUrl.Parse(address, allowLocal: false)));

    private static TokenHosts Hosts(bool callerIsOperator) => new(new AiCoderOptions
    {
        WorkspaceDir = "/w",
        StateDir = "/w/.state",
        CallerIsOperator = callerIsOperator,
        GitLabHosts = ["git.example.com", "code.example.com:8443"],
        GitHubHosts = ["GHE.example.com"],
    });
}
