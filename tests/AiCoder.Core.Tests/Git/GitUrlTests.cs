using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Git;
using AiCoder.Core.Network;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Tests.Git;

public sealed class GitUrlTests
{
    [Theory]
    [InlineData("https://Host.Example/group/项目.git", GitTransport.Https, "host.example", 443)]
    [InlineData("http://10.0.0.1:8080/a/b", GitTransport.Http, "10.0.0.1", 8080)]
    [InlineData("https://[2001:db8::1]:8443/a", GitTransport.Https, "2001:db8::1", 8443)]
    [InlineData("ssh://git@host.example:2222/a/b.git", GitTransport.Ssh, "host.example", 2222)]
    [InlineData("git@host.example:group/b.git", GitTransport.Ssh, "host.example", 22)]
    public void An_address_is_read(string text, GitTransport transport, string host, int port)
    {
        var url = GitUrl.Parse(text, allowLocal: false);

        Assert.Equal((transport, host, port), (url.Transport, url.Host, url.EffectivePort));
        Assert.DoesNotContain('@', url.Address);
    }

    [Theory]
    [InlineData("")]
    [InlineData("ext::sh -c 'touch /tmp/x'")]
    [InlineData("-oProxyCommand=touch /tmp/x")]
    [InlineData("--upload-pack=touch /tmp/x")]
    [InlineData("ftp://host/a")]
    [InlineData("git://host/a")]
    [InlineData("foo://host/a")]
    [InlineData("s3://bucket/a")]
    [InlineData("javascript:alert(1)//x")]
    [InlineData("ssh://-oProxyCommand=x/a")]
    [InlineData("ssh://-l@host/a")]
    [InlineData("-x@host:a")]
    [InlineData("host:-x")]
    [InlineData("https://host")]
    [InlineData("https:///a")]
    [InlineData("https://host/a\nb")]
    [InlineData("https://host/a?b=c")]
    [InlineData("https://host/a#b")]
    [InlineData("file:///etc")]
    [InlineData("/etc")]
    [InlineData("../x")]
    [InlineData("some words")]
    public void What_is_no_safe_address_is_refused(string text)
    {
        var refused = GitUrl.TryParse(text, allowLocal: false, out _, out var problem);

        // `javascript:…` reads as host:path of ssh, which is a host like any other.
        Assert.Equal(text.StartsWith("javascript:", StringComparison.Ordinal), refused);
        Assert.Equal(refused, problem is null);
    }

    [Fact]
    public void A_login_in_the_address_is_taken_out_of_it()
    {
        var url = GitUrl.Parse("https://oauth2:glpat-%40secret@gitlab.example/a.git", allowLocal: false);

        Assert.Equal(("https://gitlab.example/a.git", "oauth2", "glpat-@secret"), (url.Address, url.User, url.Password));
        Assert.DoesNotContain("secret", url.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_operator_may_name_a_path()
    {
        Assert.Equal("/srv/a.git", GitUrl.Parse("file:///srv/a.git", allowLocal: true).Address);
        Assert.Equal("file:///srv/a.git", GitUrl.Parse("/srv/x/../a.git", allowLocal: true).ForGit(null));
    }

    [Theory]
    [InlineData("main", true)]
    [InlineData("ai/任务-1", true)]
    [InlineData("-x", false)]
    [InlineData("a..b", false)]
    [InlineData("a b", false)]
    [InlineData("a\u0001", false)]
    [InlineData("a/.b", false)]
    [InlineData("a//b", false)]
    [InlineData("a.lock", false)]
    [InlineData("a@{1}", false)]
    [InlineData("refs:x", false)]
    [InlineData("HEAD", false)]
    [InlineData("", false)]
    public void A_branch_name_follows_gits_rules(string name, bool usable) => Assert.Equal(usable, BranchName.ProblemOf(name) is null);

    [Theory]
    [InlineData("https://gitlab.com/a/b", "operator-gitlab")]
    [InlineData("https://gitlab.corp.example/a/b", "operator-gitlab")]
    [InlineData("https://github.com/a/b", "operator-github")]
    [InlineData("https://ghe.corp.example/a/b", "operator-github")]
    [InlineData("https://other.example/a/b", null)]
    [InlineData("https://gitlab.com.evil.example/a/b", null)]
    public async Task The_operators_tokens_go_only_to_the_hosts_he_named(string url, string? secret)
    {
        var access = await ResolveAsync(url, TaskSecrets.None, callerIsOperator: false);

        Assert.Equal(secret, access.Secret);
    }

    [Fact]
    public async Task A_callers_token_comes_before_the_operators()
    {
        var access = await ResolveAsync("https://gitlab.com/a/b", new() { GitlabApiToken = "callers" }, callerIsOperator: false);

        Assert.Equal(("oauth2", "callers"), (access.User, access.Secret));
    }

    [Fact]
    public async Task A_token_with_a_line_break_is_refused_before_it_is_used()
    {
        var refused = await Assert.ThrowsAsync<FailureException>(
            () => ResolveAsync("https://gitlab.com/a/b", new() { Token = "abc\nhost=evil" }, callerIsOperator: false));

        Assert.Equal(FailureCodes.InvalidToken, refused.Failure.Code);
    }

    [Fact]
    public async Task An_address_inside_is_refused_for_a_caller()
    {
        var options = new AiCoderOptions { WorkspaceDir = "/w", StateDir = "/s" };
        var resolver = new RemoteAccessResolver(options, new AddressGuard(options));

        var refused = await Assert.ThrowsAsync<FailureException>(
            () => resolver.ResolveAsync(GitFixture.Task("http://127.0.0.1:1/a"), TaskSecrets.None, GitFixture.Stop));

        Assert.Equal(FailureCodes.AddressNotAllowed, refused.Failure.Code);
    }

    private static Task<RemoteAccess> ResolveAsync(string url, TaskSecrets secrets, bool callerIsOperator)
    {
        var options = new AiCoderOptions
        {
            WorkspaceDir = "/w",
            StateDir = "/s",
            GitLabApiToken = "operator-gitlab",
            GitHubToken = "operator-github",
            GitLabHosts = ["gitlab.corp.example"],
            GitHubHosts = ["ghe.corp.example"],
            CallerIsOperator = callerIsOperator,
        };
        var guard = new AddressGuard(options, (_, _) => Task.FromResult(new[] { System.Net.IPAddress.Parse("93.184.216.34") }));
        return new RemoteAccessResolver(options, guard).ResolveAsync(GitFixture.Task(url), secrets, GitFixture.Stop);
    }
}
