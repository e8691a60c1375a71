using AiCoder.Core.Failures;
using AiCoder.Core.Git;

namespace AiCoder.Core.Tests.Git;

/// <summary>What git and ssh were seen to print where a test can't bring it about for real.</summary>
public sealed class GitFailuresTests
{
    [Theory]
    [InlineData("fatal: write error: No space left on device\nfatal: the remote end hung up unexpectedly", "disk_full")]
    [InlineData("error: RPC failed; curl 18 transfer closed with outstanding read data remaining\nfatal: early EOF", "reset")]
    [InlineData("error: RPC failed; HTTP 502 curl 22 The requested URL returned error: 502", "server_error")]
    [InlineData("fatal: unable to access 'https://h/a/': Recv failure: Connection reset by peer", "reset")]
    [InlineData("fatal: unable to access 'https://h/a/': Could not resolve host: h", "host_not_found")]
    [InlineData("ssh: connect to host h port 22: Connection refused\nfatal: Could not read from remote repository.", "refused")]
    [InlineData("ssh: connect to host h port 22: Connection timed out", "timeout")]
    [InlineData("kex_exchange_identification: Connection closed by remote host", "reset")]
    [InlineData("remote: The project you were looking for could not be found or you don't have permission to view it.\nfatal: repository 'https://h/a/' not found", "repository_not_found")]
    [InlineData("remote: Repository not found.\nfatal: repository 'https://h/a/' not found", "repository_not_found")]
    [InlineData("remote: HTTP Basic: Access denied. The provided password or token is incorrect.\nfatal: Authentication failed for 'https://h/a/'", "invalid_token")]
    [InlineData("remote: Permission to a/b.git denied to bot.\nfatal: unable to access 'https://h/a/': The requested URL returned error: 403", "forbidden")]
    [InlineData("remote: You are not allowed to push code to this project.\nfatal: unable to access 'https://h/a/': The requested URL returned error: 403", "forbidden")]
    [InlineData("fatal: chmod on /w/config.lock failed: Operation not permitted", "configuration")]
    [InlineData("something git never said before", "unhandled")]
    public void A_text_has_its_code(string error, string code)
    {
        var access = new RemoteAccess { Url = GitUrl.Parse("https://h/a", allowLocal: false), User = "u", Secret = "secret-value" };

        var failure = GitFailures.From(access, "clone", new(128, default, error + "\nsecret-value"));

        Assert.Equal(code, failure.Code);
        Assert.Contains("https://h/a", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret-value", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_ran_into_its_bound_is_a_timeout() =>
        Assert.Equal(
            FailureCodes.Timeout,
            GitFailures.From(new() { Url = GitUrl.Parse("https://h/a", allowLocal: false) }, "clone", new(null, default, "")).Code);
}
