using AiCoder.Core.Failures;
using AiCoder.Demo;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Git;

public sealed class CacheTests
{
    private const string Token = "token-of-the-one-who-may";

    [Fact]
    public async Task The_second_clone_fetches_nothing_and_a_third_only_what_is_new()
    {
        using var git = new GitFixture();
        var builder = new GitRepositoryBuilder().With("a", "1").With("b", "2");
        await builder.CreateAsync(git["served", "app.git"]);
        await using var server = await GitServer.StartAsync(git.Served, null, GitFixture.Stop);
        int Fetches() => server.Requests.Count(request => request.Path.EndsWith("git-upload-pack", StringComparison.Ordinal));

        var first = await git.CloneAsync(GitFixture.Task(server.UrlOf("app.git"), "one"));
        var before = Fetches();
        var second = await git.CloneAsync(GitFixture.Task(server.UrlOf("app.git"), "two"));
        // Listing references is one request of the same service.
        Assert.Equal(1, Fetches() - before);
        var commit = await builder.With("a", "changed").CommitAsync(git["served", "app.git"], "next");
        var third = await git.CloneAsync(GitFixture.Task(server.UrlOf("app.git"), "three"));
        var fourth = await git.CloneAsync(GitFixture.Task(server.UrlOf("app.git"), "four"));

        Assert.Equal([false, true, true, true], new[] { first, second, third, fourth }.Select(clone => clone.FromCache));
        Assert.Equal([commit, commit], new[] { third, fourth }.Select(clone => clone.BaseCommit));
        var workspace = await git.OpenAsync("four");
        Assert.Equal("changed", await File.ReadAllTextAsync(Path.Combine(workspace.WorkTree, "a"), GitFixture.Stop));
        Assert.Equal("next", await GitProgram.RunAsync(workspace.WorkTree, "log", "--format=%s"));
        await GitProgram.RunAsync(workspace.WorkTree, "fsck");
    }

    [Fact]
    public async Task Who_may_not_read_the_repository_gets_nothing_from_the_cache()
    {
        using var git = new GitFixture();
        await new GitRepositoryBuilder().With("secret", "1").CreateAsync(git["served", "app.git"]);
        await using var server = await GitServer.StartAsync(git.Served, new() { Authorize = (_, secret) => secret == Token }, GitFixture.Stop);
        await git.CloneAsync(GitFixture.Task(server.UrlOf("app.git"), "one"), new() { Token = Token });

        var refused = await git.CloneFailureAsync(GitFixture.Task(server.UrlOf("app.git"), "two"), new() { Token = "of-another" });

        Assert.Equal(FailureCodes.InvalidToken, refused.Code);
        Assert.DoesNotContain(
            Directory.EnumerateFiles(Path.Combine(git.Options.WorkspaceDir, "two"), "*", SearchOption.AllDirectories),
            file => file.EndsWith(".pack", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Clones_at_once_disturb_each_other_neither_cold_nor_warm()
    {
        using var git = new GitFixture();
        var commit = await new GitRepositoryBuilder().With("a", "1").CreateAsync(git["served", "app.git"]);
        await using var server = await GitServer.StartAsync(git.Served, null, GitFixture.Stop);
        Task<Core.Activities.CloneOutput[]> Clones(string prefix) =>
            Task.WhenAll(Enumerable.Range(0, 4).Select(number => git.CloneAsync(GitFixture.Task(server.UrlOf("app.git"), prefix + number))));

        var cold = await Clones("cold");
        var warm = await Clones("warm");

        Assert.All(cold.Concat(warm), clone => Assert.Equal(commit, clone.BaseCommit));
        Assert.All(warm, clone => Assert.True(clone.FromCache));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_broken_entry_is_forgotten_and_the_clone_is_made_anew(bool emptied)
    {
        using var git = new GitFixture();
        var commit = await new GitRepositoryBuilder().With("a", "1").CreateAsync(git["served", "app.git"]);
        await using var server = await GitServer.StartAsync(git.Served, null, GitFixture.Stop);
        await git.CloneAsync(GitFixture.Task(server.UrlOf("app.git"), "one"));
        foreach (var pack in Directory.EnumerateFiles(Path.Combine(git.Options.WorkspaceDir, ".cache"), "*.pack", SearchOption.AllDirectories))
        {
            File.Delete(pack);
            if (emptied)
                await File.WriteAllTextAsync(pack, "", GitFixture.Stop);
        }

        var second = await git.CloneAsync(GitFixture.Task(server.UrlOf("app.git"), "two"));
        var third = await git.CloneAsync(GitFixture.Task(server.UrlOf("app.git"), "three"));

        Assert.Equal((commit, false), (second.BaseCommit, second.FromCache));
        Assert.Equal((commit, true), (third.BaseCommit, third.FromCache));
    }

    [Fact]
    public async Task What_is_old_and_what_a_kill_left_goes()
    {
        using var git = new GitFixture();
        await new GitRepositoryBuilder().With("a", "1").CreateAsync(git["served", "app.git"]);
        await using var server = await GitServer.StartAsync(git.Served, null, GitFixture.Stop);
        await git.CloneAsync(GitFixture.Task(server.UrlOf("app.git"), "one"));
        var repository = Directory.EnumerateDirectories(Path.Combine(git.Options.WorkspaceDir, ".cache")).Single();
        Directory.CreateDirectory(Path.Combine(repository, ".part-x"));
        foreach (var folder in Directory.EnumerateDirectories(repository))
            Directory.SetLastWriteTimeUtc(folder, DateTime.UtcNow.AddDays(-30));

        var second = await git.CloneAsync(GitFixture.Task(server.UrlOf("app.git"), "two"));

        Assert.False(second.FromCache);
        Assert.Single(Directory.EnumerateDirectories(repository));
    }
}
