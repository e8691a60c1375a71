using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Git;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;
using AiCoder.Demo;
using AiCoder.Testing;
using GitProgram = AiCoder.Testing.GitProgram;

namespace AiCoder.Core.Tests.Git;

public sealed class PushTests
{
    [Fact]
    public async Task A_push_made_twice_is_a_success_twice_and_one_commit()
    {
        using var git = new GitFixture();
        await using var setting = await Setting.StartAsync(git);
        var commit = await setting.CommitAsync("one");

        var first = await setting.PushAsync(commit, null);
        var second = await setting.PushAsync(commit, null);

        Assert.Equal((true, commit, "ai/task-1", setting.Url), (first.Pushed, first.Commit, first.Branch, first.Remote));
        Assert.Equal(first, second);
        Assert.Equal(commit, await setting.RemoteAsync("ai/task-1"));
        Assert.Equal(setting.Source.BaseCommit, await setting.RemoteAsync("main"));
        Assert.Equal(commit, await setting.CommitAsync("one"));
    }

    [Fact]
    public async Task A_branch_that_somebody_else_moved_is_a_conflict_and_stays()
    {
        using var git = new GitFixture();
        await using var setting = await Setting.StartAsync(git);
        var theirs = await new GitRepositoryBuilder { Branch = "ai/task-1" }.With("b", "theirs").CommitAsync(setting.Repository, "theirs");
        var commit = await setting.CommitAsync("ours");

        var unexpected = await Assert.ThrowsAsync<FailureException>(() => setting.PushAsync(commit, null));
        var moved = await Assert.ThrowsAsync<FailureException>(() => setting.PushAsync(commit, setting.Source.BaseCommit));

        Assert.Equal([FailureCodes.PushConflict, FailureCodes.PushConflict], new[] { unexpected, moved }.Select(failure => failure.Failure.Code));
        Assert.Equal(theirs, await setting.RemoteAsync("ai/task-1"));
        // With the lease on what is really there, the work branch of an earlier try is replaced.
        await setting.PushAsync(commit, theirs);
        Assert.Equal(commit, await setting.RemoteAsync("ai/task-1"));
    }

    [Fact]
    public async Task A_declined_push_is_a_failure_with_the_servers_words()
    {
        using var git = new GitFixture();
        await using var setting = await Setting.StartAsync(git);
        var hook = Path.Combine(setting.Repository, "hooks", "pre-receive");
        Directory.CreateDirectory(Path.GetDirectoryName(hook)!);
        await File.WriteAllTextAsync(hook, "#!/bin/sh\necho '此分支受保护: protected' >&2\nexit 1\n", GitFixture.Stop);
        File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);

        var declined = await Assert.ThrowsAsync<FailureException>(async () => await setting.PushAsync(await setting.CommitAsync("one"), null));

        Assert.Equal(FailureCodes.PushRejected, declined.Failure.Code);
        Assert.Contains("此分支受保护: protected", declined.Failure.Message, StringComparison.Ordinal);
        Assert.Contains("pre-receive hook declined", declined.Failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("main")]
    [InlineData("stable")]
    public async Task The_base_and_the_main_branch_are_never_pushed(string branch)
    {
        using var git = new GitFixture();
        await using var setting = await Setting.StartAsync(git, baseBranch: "stable");

        var refused = await Assert.ThrowsAsync<FailureException>(async () =>
            await git.Remote.PushAsync(await git.OpenAsync(), setting.Access, await setting.CommitAsync("one"), branch, null, GitFixture.Stop));

        Assert.Equal(FailureCodes.PushRejected, refused.Failure.Code);
        Assert.DoesNotContain(setting.Server.Requests, request => request.Query.Contains("receive-pack", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_hook_of_the_work_tree_does_not_run()
    {
        using var git = new GitFixture();
        await using var setting = await Setting.StartAsync(git);
        var workspace = await git.OpenAsync();
        foreach (var folder in new[] { Path.Combine(workspace.WorkTree, ".git"), Path.Combine(workspace.StateDir, "git.1") })
        {
            var hook = Path.Combine(folder, "hooks", "pre-push");
            Directory.CreateDirectory(Path.GetDirectoryName(hook)!);
            await File.WriteAllTextAsync(hook, $"#!/bin/sh\ntouch {git["marker"]}\n", GitFixture.Stop);
            File.SetUnixFileMode(hook, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        await setting.PushAsync(await setting.CommitAsync("one"), null);

        Assert.False(File.Exists(git["marker"]));
    }

    [Fact]
    public async Task A_push_goes_over_ssh()
    {
        if (SshServer.Program is null)
            Assert.Skip("This machine has no sshd.");
        using var git = new GitFixture();
        await using var server = await SshServer.StartAsync(GitFixture.Stop);
        await new GitRepositoryBuilder().With("a", "1").CreateAsync(git["served", "app.git"]);
        var spec = GitFixture.Task(server.UrlOf(git["served", "app.git"])) with { KnownHosts = server.KnownHosts };
        var secrets = new TaskSecrets { SshPrivateKey = server.PrivateKey };
        var source = await git.CloneAsync(spec, secrets);
        var workspace = await git.OpenAsync();
        var commit = new LocalRepository().CreateCommit(workspace, source.Tree, source.BaseCommit, "m", "n", "e@x", DateTimeOffset.UnixEpoch);

        await git.Remote.PushAsync(workspace, await git.AccessAsync(spec, secrets), commit, "ai/x", null, GitFixture.Stop);

        Assert.Equal(commit, await GitProgram.RunAsync(git["served", "app.git"], "rev-parse", "ai/x"));
    }

    [Fact]
    public async Task A_commit_holds_the_snapshot_and_follows_the_base()
    {
        using var git = new GitFixture();
        await using var setting = await Setting.StartAsync(git);
        var commit = await setting.CommitAsync("one");

        await setting.PushAsync(commit, null);

        Assert.Equal("b\n文件", await GitProgram.RunAsync(setting.Repository, "-c", "core.quotePath=false", "ls-tree", "-r", "--name-only", commit));
        Assert.Equal("one", await GitProgram.RunAsync(setting.Repository, "show", $"{commit}:b"));
        Assert.Equal($"{commit}\n{setting.Source.BaseCommit}", await GitProgram.RunAsync(setting.Repository, "log", "--format=%H", commit));
    }

    private sealed class Setting(GitFixture git, GitServer server, CloneOutput source, RemoteAccess access) : IAsyncDisposable
    {
        public GitServer Server => server;

        public CloneOutput Source => source;

        public RemoteAccess Access => access;

        public string Url => server.UrlOf("app.git");

        public string Repository => git["served", "app.git"];

        public static async Task<Setting> StartAsync(GitFixture git, string? baseBranch = null)
        {
            await new GitRepositoryBuilder().With("文件", "1").CreateAsync(git["served", "app.git"]);
            if (baseBranch is not null)
                await new GitRepositoryBuilder { Branch = baseBranch }.With("文件", "2").CommitAsync(git["served", "app.git"], "x");
            var server = await GitServer.StartAsync(git.Served, null, GitFixture.Stop);
            var spec = GitFixture.Task(server.UrlOf("app.git")) with { Branch = baseBranch };
            return new(git, server, await git.CloneAsync(spec), await git.AccessAsync(spec));
        }

        public async Task<string> CommitAsync(string content)
        {
            var workspace = await git.OpenAsync();
            await File.WriteAllTextAsync(Path.Combine(workspace.WorkTree, "b"), content, GitFixture.Stop);
            var tree = await workspace.SnapshotAsync(["b"], GitFixture.Stop);
            return new LocalRepository().CreateCommit(workspace, tree, source.BaseCommit, "AI: 改", "n", "e@x", DateTimeOffset.UnixEpoch);
        }

        public async Task<PushResult> PushAsync(string commit, string? expected) =>
            await git.Remote.PushAsync(await git.OpenAsync(), access, commit, "ai/task-1", expected, GitFixture.Stop);

        public Task<string> RemoteAsync(string branch) => GitProgram.RunAsync(Repository, "rev-parse", branch);

        public ValueTask DisposeAsync() => server.DisposeAsync();
    }
}
