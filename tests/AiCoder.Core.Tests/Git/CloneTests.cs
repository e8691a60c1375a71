using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Demo;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Git;

public sealed class CloneTests
{
    private const string Token = "glpat-SECRET-0123456789";

    [Theory]
    [InlineData("gitlab", "oauth2")]
    [InlineData("github", "x-access-token")]
    [InlineData("token", "oauth2")]
    [InlineData("password", "alice")]
    public async Task A_private_repository_is_cloned_with_each_kind_of_login(string kind, string user)
    {
        using var git = new GitFixture();
        var commit = await Sample().CreateAsync(git["served", "team", "app.git"]);
        await using var server = await GitServer.StartAsync(git.Served, new() { Authorize = (name, secret) => (name, secret) == (user, Token) }, GitFixture.Stop);
        var spec = GitFixture.Task(server.UrlOf("team/app.git")) with { Username = kind == "password" ? "alice" : null };

        var cloned = await git.CloneAsync(spec, kind switch
        {
            "gitlab" => new() { GitlabApiToken = Token },
            "github" => new() { GithubToken = Token },
            "token" => new() { Token = Token },
            _ => new() { Password = Token },
        });

        Assert.Equal(("main", commit, false), (cloned.BaseBranch, cloned.BaseCommit, cloned.FromCache));
        Assert.Null(cloned.RemoteWorkCommit);
        var workspace = await git.OpenAsync();
        Assert.Equal("你好\n", await File.ReadAllTextAsync(Path.Combine(workspace.WorkTree, "文件.txt"), GitFixture.Stop));
        Assert.Equal("ai/task-1", await GitProgram.RunAsync(workspace.WorkTree, "branch", "--show-current"));
        Assert.Equal("", await GitProgram.RunAsync(workspace.WorkTree, "status", "--porcelain"));
    }

    [Fact]
    public async Task A_repository_is_cloned_over_ssh()
    {
        if (SshServer.Program is null)
            Assert.Skip("This machine has no sshd.");
        using var git = new GitFixture();
        var commit = await Sample().CreateAsync(git["served", "app.git"]);
        await using var server = await SshServer.StartAsync(GitFixture.Stop);
        var spec = GitFixture.Task(server.UrlOf(git["served", "app.git"])) with { KnownHosts = server.KnownHosts };

        var cloned = await git.CloneAsync(spec, new() { SshPrivateKey = server.PrivateKey.Replace("\n", "\r\n", StringComparison.Ordinal) });

        Assert.Equal(commit, cloned.BaseCommit);
    }

    [Fact]
    public async Task An_unknown_host_key_and_a_wrong_key_each_have_their_code()
    {
        if (SshServer.Program is null)
            Assert.Skip("This machine has no sshd.");
        using var git = new GitFixture();
        await Sample().CreateAsync(git["served", "app.git"]);
        await using var server = await SshServer.StartAsync(GitFixture.Stop);
        var spec = GitFixture.Task(server.UrlOf(git["served", "app.git"])) with { KnownHosts = server.KnownHosts };
        var key = new TaskSecrets { SshPrivateKey = server.PrivateKey };
        var otherHost = $"[127.0.0.1]:{server.Port} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0cHJkZHJkZHJkZHJkZHJkZHJkZHJkZHJkZHJkZHJk\n";

        var unknown = await git.CloneFailureAsync(spec with { KnownHosts = "example.com ssh-ed25519 AAAA\n" }, key);
        var changed = await git.CloneFailureAsync(spec with { KnownHosts = otherHost }, key);
        var wrong = await git.CloneFailureAsync(spec, new() { SshPrivateKey = await SshServer.NewPrivateKeyAsync() });
        var noKey = await git.CloneFailureAsync(spec, new() { SshPrivateKey = "nonsense" });
        var missing = await git.CloneFailureAsync(GitFixture.Task(server.UrlOf(git["served", "other.git"])) with { KnownHosts = server.KnownHosts }, key);

        Assert.Equal(
            ["host_key_unknown", "host_key_unknown", "invalid_token", "invalid_token", "repository_not_found"],
            new[] { unknown, changed, wrong, noKey, missing }.Select(failure => failure.Code));
    }

    [Fact]
    public async Task A_local_path_is_cloned_for_the_operator_only()
    {
        using var git = new GitFixture(options => options with { CallerIsOperator = true });
        using var service = new GitFixture();
        var commit = await Sample().CreateAsync(git["served", "app.git"]);

        Assert.Equal(commit, (await git.CloneAsync(GitFixture.Task(git["served", "app.git"]))).BaseCommit);
        Assert.Equal(FailureCodes.AddressNotAllowed, (await service.CloneFailureAsync(GitFixture.Task(git["served", "app.git"]))).Code);
    }

    [Fact]
    public async Task A_named_branch_is_cloned_and_the_work_branch_of_the_remote_is_seen()
    {
        using var git = new GitFixture();
        var builder = Sample();
        await builder.CreateAsync(git["served", "app.git"]);
        var commit = await new GitRepositoryBuilder { Branch = "发布/1.x" }.With("a", "1").CommitAsync(git["served", "app.git"], "x");
        var work = await new GitRepositoryBuilder { Branch = "ai/task-1" }.With("a", "2").CommitAsync(git["served", "app.git"], "y");
        await using var server = await GitServer.StartAsync(git.Served, null, GitFixture.Stop);

        var cloned = await git.CloneAsync(GitFixture.Task(server.UrlOf("app.git")) with { Branch = "发布/1.x" });

        Assert.Equal(("发布/1.x", commit, work), (cloned.BaseBranch, cloned.BaseCommit, cloned.RemoteWorkCommit));
    }

    [Fact]
    public async Task What_is_not_there_and_who_may_not_each_have_their_code()
    {
        using var git = new GitFixture();
        await Sample().CreateAsync(git["served", "app.git"]);
        await GitRepositoryBuilder.CreateEmptyAsync(git["served", "empty.git"]);
        await using var open = await GitServer.StartAsync(git.Served, null, GitFixture.Stop);
        await using var closed = await GitServer.StartAsync(git.Served, new() { Authorize = (_, secret) => secret == Token }, GitFixture.Stop);
        var app = GitFixture.Task(open.UrlOf("app.git"));

        var noBranch = await git.CloneFailureAsync(app with { Branch = "nowhere" });
        var empty = await git.CloneFailureAsync(GitFixture.Task(open.UrlOf("empty.git")));
        var missing = await git.CloneFailureAsync(GitFixture.Task(open.UrlOf("missing.git")));
        var anonymous = await git.CloneFailureAsync(GitFixture.Task(closed.UrlOf("app.git")));
        var wrong = await git.CloneFailureAsync(GitFixture.Task(closed.UrlOf("app.git")), new() { Token = "wrong-token-value" });
        var same = await git.CloneFailureAsync(app with { WorkBranch = "main" });
        var option = await git.CloneFailureAsync(app with { Branch = "--upload-pack=touch" });

        Assert.Equal(
            ["branch_not_found", "empty_repository", "repository_not_found", "invalid_token", "invalid_token", "configuration", "configuration"],
            new[] { noBranch, empty, missing, anonymous, wrong, same, option }.Select(failure => failure.Code));
        Assert.Contains("main", noBranch.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-token-value", wrong.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(403, "forbidden")]
    [InlineData(429, "rate_limited")]
    [InlineData(500, "server_error")]
    [InlineData(503, "server_error")]
    public async Task A_servers_status_has_its_code(int status, string code)
    {
        using var git = new GitFixture();
        await using var server = await GitServer.StartAsync(
            git.Served, new() { Intercept = (_, _) => Task.FromResult<GitServerAnswer?>(new(status)) }, GitFixture.Stop);

        Assert.Equal(code, (await git.CloneFailureAsync(GitFixture.Task(server.UrlOf("app.git")))).Code);
    }

    [Fact]
    public async Task A_silent_server_a_closed_port_and_an_unknown_host_each_have_their_code()
    {
        using var git = new GitFixture(bounds: new() { Silence = TimeSpan.FromSeconds(2), List = TimeSpan.FromSeconds(4) });
        string closed;
        await using (var gone = await GitServer.StartAsync(git.Served, null, GitFixture.Stop))
            closed = gone.UrlOf("app.git");
        await using var silent = await GitServer.StartAsync(
            git.Served,
            new()
            {
                Intercept = async (_, stop) =>
                {
                    await Task.Delay(Timeout.Infinite, stop);
                    return null;
                },
            },
            GitFixture.Stop);

        // The short bounds are for the one that must reach them.
        using var patient = new GitFixture();

        var timeout = await git.CloneFailureAsync(GitFixture.Task(silent.UrlOf("app.git")));
        var refused = await patient.CloneFailureAsync(GitFixture.Task(closed));
        var unknown = await patient.CloneFailureAsync(GitFixture.Task("https://no-such-host.invalid/app.git"));

        Assert.Equal(["timeout", "refused", "host_not_found"], new[] { timeout, refused, unknown }.Select(failure => failure.Code));
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_is_refused_and_an_operators_authority_is_honoured()
    {
        using var git = new GitFixture();
        var commit = await Sample().CreateAsync(git["served", "app.git"]);
        using var certificate = TestCertificate.ForLoopback();
        await using var server = await GitServer.StartAsync(git.Served, new() { Certificate = certificate }, GitFixture.Stop);
        await File.WriteAllTextAsync(git["authority.pem"], certificate.ExportCertificatePem(), GitFixture.Stop);
        using var trusting = new GitFixture(options => options with
        {
            GitEnvironment = new Dictionary<string, string> { ["SSL_CERT_FILE"] = git["authority.pem"] },
        });

        Assert.Equal(FailureCodes.Tls, (await git.CloneFailureAsync(GitFixture.Task(server.UrlOf("app.git")))).Code);
        Assert.Equal(commit, (await trusting.CloneAsync(GitFixture.Task(server.UrlOf("app.git")))).BaseCommit);
    }

    [Fact]
    public async Task A_redirect_to_another_host_is_refused_by_name_and_gets_no_token()
    {
        using var git = new GitFixture();
        await Sample().CreateAsync(git["served", "app.git"]);
        await using var other = await GitServer.StartAsync(git.Served, new() { Authorize = (_, secret) => secret == Token }, GitFixture.Stop);
        await using var server = await GitServer.StartAsync(
            git.Served,
            new() { Intercept = (request, _) => Task.FromResult<GitServerAnswer?>(GitServerAnswer.Redirect(other.Address + request.Path.TrimStart('/') + request.Query)) },
            GitFixture.Stop);

        var failure = await git.CloneFailureAsync(GitFixture.Task(server.UrlOf("app.git")), new() { Token = Token });

        Assert.Equal(FailureCodes.AddressNotAllowed, failure.Code);
        Assert.Contains(other.UrlOf("app.git"), failure.Message, StringComparison.Ordinal);
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task A_redirect_on_the_same_host_is_followed()
    {
        using var git = new GitFixture();
        var commit = await Sample().CreateAsync(git["served", "new.git"]);
        await using var server = await GitServer.StartAsync(
            git.Served,
            new()
            {
                Intercept = (request, _) => Task.FromResult(request.Path.StartsWith("/old/", StringComparison.Ordinal)
                    ? GitServerAnswer.Redirect("/new.git/" + request.Path["/old/".Length..] + request.Query)
                    : null),
            },
            GitFixture.Stop);

        Assert.Equal(commit, (await git.CloneAsync(GitFixture.Task(server.UrlOf("old")))).BaseCommit);
    }

    [Fact]
    public async Task While_a_clone_is_held_open_the_token_stands_nowhere()
    {
        using var git = new GitFixture();
        await Sample().CreateAsync(git["served", "app.git"]);
        var held = new TaskCompletionSource();
        var release = new TaskCompletionSource();
        await using var server = await GitServer.StartAsync(
            git.Served,
            new()
            {
                Authorize = (_, secret) => secret == Token,
                Intercept = async (request, stop) =>
                {
                    if (request.Authorization is not null)
                    {
                        held.TrySetResult();
                        await release.Task.WaitAsync(stop);
                    }
                    return null;
                },
            },
            GitFixture.Stop);

        var cloning = git.CloneAsync(GitFixture.Task(server.UrlOf("app.git")), new() { GitlabApiToken = Token });
        await held.Task.WaitAsync(TimeSpan.FromSeconds(60), GitFixture.Stop);
        var seen = SecretsInProcesses(Token, server.UrlOf("app.git"));
        release.SetResult();
        await cloning;

        Assert.True(seen.SawGit);
        Assert.Empty(seen.Found);
        Assert.DoesNotContain(
            Directory.EnumerateFiles(git.Options.WorkspaceDir, "*", SearchOption.AllDirectories),
            file => File.ReadAllText(file).Contains(Token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cancelled_clone_leaves_no_process_and_no_half()
    {
        using var git = new GitFixture();
        var held = new TaskCompletionSource();
        await using var server = await GitServer.StartAsync(
            git.Served,
            new()
            {
                Intercept = async (_, stop) =>
                {
                    held.TrySetResult();
                    await Task.Delay(Timeout.Infinite, stop);
                    return null;
                },
            },
            GitFixture.Stop);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(GitFixture.Stop);
        var workspace = await git.OpenAsync();
        var access = await git.AccessAsync(GitFixture.Task(server.UrlOf("app.git")));

        var cloning = git.Remote.CloneAsync(workspace, access, null, "ai/x", cancel.Token);
        await held.Task.WaitAsync(TimeSpan.FromSeconds(60), GitFixture.Stop);
        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cloning);
        Assert.Empty(Directory.EnumerateDirectories(Path.Combine(workspace.StateDir, "clones")));
        Assert.DoesNotContain(CommandLines(), line => line.Contains(server.UrlOf("app.git"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Submodules_and_LFS_files_are_left_alone_and_the_notes_say_so()
    {
        using var git = new GitFixture();
        await Sample()
            .With(".gitmodules", "[submodule \"lib\"]\n\tpath = lib\n\turl = ext::sh -c touch% /tmp/pwned\n")
            .With("lib", "0123456789012345678901234567890123456789", GitRepositoryBuilder.Submodule)
            .With(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
            .With("big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:" + new string('a', 64) + "\nsize 12345\n")
            .CreateAsync(git["served", "app.git"]);
        await using var server = await GitServer.StartAsync(git.Served, null, GitFixture.Stop);

        var cloned = await git.CloneAsync(GitFixture.Task(server.UrlOf("app.git")));
        var workspace = await git.OpenAsync();

        Assert.Equal(2, cloned.Notes.Count);
        Assert.Contains("lib", cloned.Notes[0], StringComparison.Ordinal);
        Assert.Contains("big.bin", cloned.Notes[1], StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(workspace.WorkTree, "lib")));
        Assert.Equal(cloned.Tree, await workspace.SnapshotAsync(null, GitFixture.Stop));
    }

    private static GitRepositoryBuilder Sample() => new GitRepositoryBuilder().With("文件.txt", "你好\n").With("README.md", "# app\n");

    private static (bool SawGit, IReadOnlyList<string> Found) SecretsInProcesses(string secret, string url)
    {
        var sawGit = false;
        var found = new List<string>();
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            // The test's own process knows the secret, and what it was started with can't hold it.
            foreach (var file in new[] { "cmdline", "environ" })
            {
                try
                {
                    var text = File.ReadAllText(Path.Combine(folder, file));
                    if (text.Contains(secret, StringComparison.Ordinal))
                        found.Add(folder + "/" + file);
                    sawGit |= file == "cmdline" && text.Contains(url, StringComparison.Ordinal);
                }
                catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
                {
                    // Gone meanwhile, or another user's.
                }
            }
        }
        return (sawGit, found);
    }

    private static List<string> CommandLines() =>
        [.. Directory.EnumerateDirectories("/proc")
            .Where(path => int.TryParse(Path.GetFileName(path), out _))
            .Select(path =>
            {
                try
                {
                    return File.ReadAllText(Path.Combine(path, "cmdline"));
                }
                catch (IOException)
                {
                    return "";
                }
            })];
}
