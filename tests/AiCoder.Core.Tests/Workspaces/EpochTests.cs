using AiCoder.Core.Failures;
using AiCoder.Core.Tests.Git;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Workspaces;

public sealed class EpochTests
{
    [Fact]
    public async Task A_process_keeps_its_claim_until_another_takes_a_newer_one()
    {
        using var git = new GitFixture();
        var other = git.NewProcess();

        var first = await git.OpenAsync();
        Assert.Same(first, await git.OpenAsync());
        var second = await other.OpenAsync("task-1", GitFixture.Stop);
        var third = await git.OpenAsync();

        Assert.Equal([1, 2, 3], new[] { first, second, third }.Select(workspace => workspace.Epoch));
        Assert.Equal(3, new[] { first, second, third }.Select(workspace => workspace.WorkTree).Distinct().Count());
    }

    [Fact]
    public async Task Many_processes_at_once_never_share_an_epoch()
    {
        using var git = new GitFixture();

        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => git.NewProcess().OpenAsync("task-1", GitFixture.Stop))));

        Assert.Equal(Enumerable.Range(1, 8), claims.Select(claim => claim.Epoch).Order());
    }

    [Fact]
    public async Task A_transcript_is_carried_forward_once_and_in_whole_lines()
    {
        using var git = new GitFixture();
        var first = await git.OpenAsync();
        await File.WriteAllTextAsync(first.TranscriptPath, "{\"a\":1}\n{\"b\":2}\n{\"cut", GitFixture.Stop);

        var second = await git.NewProcess().OpenAsync("task-1", GitFixture.Stop);
        await File.AppendAllTextAsync(first.TranscriptPath, " off\"}\n{\"late\":1}\n", GitFixture.Stop);
        await File.AppendAllTextAsync(second.TranscriptPath, "{\"c\":3}\n", GitFixture.Stop);
        var third = await git.NewProcess().OpenAsync("task-1", GitFixture.Stop);

        Assert.Equal("{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n", await File.ReadAllTextAsync(third.TranscriptPath, GitFixture.Stop));
    }

    [Fact]
    public async Task A_validation_on_another_machine_cuts_no_conversation_off()
    {
        using var git = new GitFixture();
        var analysis = await git.OpenAsync();
        await File.WriteAllTextAsync(analysis.TranscriptPath, "{\"a\":1}\n", GitFixture.Stop);
        var elsewhere = git.NewProcess();
        await elsewhere.OpenAsync("task-1", GitFixture.Stop, goesOnWithTranscript: false);
        await File.AppendAllTextAsync(analysis.TranscriptPath, "{\"b\":2}\n", GitFixture.Stop);

        var here = await git.OpenAsync();
        Assert.Equal("{\"a\":1}\n{\"b\":2}\n", await File.ReadAllTextAsync(here.TranscriptPath, GitFixture.Stop));
        await elsewhere.OpenAsync("task-1", GitFixture.Stop, goesOnWithTranscript: false);
        var there = await elsewhere.OpenAsync("task-1", GitFixture.Stop);
        Assert.Equal("{\"a\":1}\n{\"b\":2}\n", await File.ReadAllTextAsync(there.TranscriptPath, GitFixture.Stop));
    }

    [Fact]
    public async Task A_claim_does_not_outlive_its_task_although_another_of_that_id_begins_elsewhere()
    {
        using var git = new GitFixture();
        await git.OpenAsync();
        var elsewhere = git.NewProcess();
        await elsewhere.DeleteAsync("task-1", GitFixture.Stop);
        var begun = await elsewhere.OpenAsync("task-1", GitFixture.Stop);

        Assert.Equal((1, 2), (begun.Epoch, (await git.OpenAsync()).Epoch));
    }

    [Fact]
    public async Task A_late_writer_changes_nothing_for_the_next_epoch()
    {
        using var git = new GitFixture(options => options with { CallerIsOperator = true });
        await new GitRepositoryBuilder().With("a", "1").CreateAsync(git["served", "app.git"]);
        var cloned = await git.CloneAsync(GitFixture.Task(git["served", "app.git"]));
        var late = await git.OpenAsync();
        var next = await git.NewProcess().OpenAsync("task-1", GitFixture.Stop);
        await next.CheckoutAsync(cloned.Tree, GitFixture.Stop);

        await File.WriteAllTextAsync(Path.Combine(late.WorkTree, "a"), "late", GitFixture.Stop);
        var lateTree = await late.SnapshotAsync(null, GitFixture.Stop);

        Assert.NotEqual(cloned.Tree, lateTree);
        Assert.Equal(cloned.Tree, await next.SnapshotAsync(null, GitFixture.Stop));
        Assert.Equal("1", await File.ReadAllTextAsync(Path.Combine(next.WorkTree, "a"), GitFixture.Stop));
        Assert.Equal(cloned.Tree, git.NewProcess().Find("task-1")!.Tree);
    }

    [Fact]
    public async Task A_lock_that_a_killed_git_left_stops_nothing()
    {
        using var git = new GitFixture(options => options with { CallerIsOperator = true });
        await new GitRepositoryBuilder().With("a", "1").CreateAsync(git["served", "app.git"]);
        await git.CloneAsync(GitFixture.Task(git["served", "app.git"]));
        var workspace = await git.OpenAsync();
        await File.WriteAllTextAsync(Path.Combine(workspace.StateDir, "git.1", "index.lock"), "", GitFixture.Stop);
        await File.WriteAllTextAsync(Path.Combine(workspace.WorkTree, "a"), "2", GitFixture.Stop);

        Assert.Single(await workspace.DiffAsync(git.Store.Find("task-1")!.BaseTree, await workspace.SnapshotAsync(["a"], GitFixture.Stop), GitFixture.Stop));
    }

    [Fact]
    public async Task A_released_task_can_still_be_shown_and_a_deleted_one_is_gone()
    {
        using var git = new GitFixture(options => options with { CallerIsOperator = true });
        await new GitRepositoryBuilder().With("a", "1").CreateAsync(git["served", "app.git"]);
        await git.CloneAsync(GitFixture.Task(git["served", "app.git"]));
        var workspace = await git.OpenAsync();
        await File.WriteAllTextAsync(Path.Combine(workspace.WorkTree, "a"), "2", GitFixture.Stop);
        await workspace.SnapshotAsync(null, GitFixture.Stop);
        Directory.CreateDirectory(Path.Combine(workspace.SandboxHome, "cache"), UnixFileMode.UserRead);

        await git.Store.ReleaseAsync("task-1", GitFixture.Stop);

        git.Store.EmptyTrash(GitFixture.Stop);
        Assert.False(Directory.Exists(workspace.WorkTree));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(git.Options.WorkspaceDir, ".trash")));
        Assert.Contains("+2", await git.Store.Find("task-1")!.PatchAsync(null, GitFixture.Stop), StringComparison.Ordinal);

        await git.Store.DeleteAsync("task-1", GitFixture.Stop);

        Assert.Null(git.Store.Find("task-1"));
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(git.Options.WorkspaceDir, ".trash")));
        Assert.Equal(1, (await git.OpenAsync()).Epoch);
    }

    [Theory]
    [InlineData("../other")]
    [InlineData(".cache")]
    [InlineData("a/b")]
    [InlineData("")]
    public async Task A_task_id_reaches_no_other_folder(string id)
    {
        using var git = new GitFixture();

        var failure = await Assert.ThrowsAsync<FailureException>(() => git.Store.OpenAsync(id, GitFixture.Stop));

        Assert.Equal(FailureCodes.Configuration, failure.Failure.Code);
    }
}
