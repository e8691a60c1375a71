using System.Diagnostics;
using System.IO.Enumeration;
using AiCoder.Core.Agent;
using AiCoder.Core.Tests.Git;
using AiCoder.Core.Tools;
using AiCoder.Core.Workspaces;
using AiCoder.Demo;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Agent;

/// <summary>Snapshots are without what the task may not change, and the work tree, where something may still run, is never written.</summary>
public sealed class ScopeGuardTests : IAsyncDisposable
{
    private const string Source = "def add(a, b):\n    return a - b\n";
    private readonly GitFixture _git = new(options => options with { CallerIsOperator = true });
    private readonly TemporaryFolder _outside = new();
    private readonly PathScope _scope = new(["src", ".github"], allowCiChanges: false);
    private string _base = "";

    public ValueTask DisposeAsync()
    {
        _git.Dispose();
        _outside.Dispose();
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("echo evil >> .github/workflows/ci.yml", ".github/workflows/ci.yml")]
    [InlineData("rm .github/workflows/ci.yml", ".github/workflows/ci.yml")]
    [InlineData("chmod +x .github/workflows/ci.yml", ".github/workflows/ci.yml")]
    [InlineData("ln -sf ../../src/calc.py .github/workflows/ci.yml", ".github/workflows/ci.yml")]
    [InlineData("echo x > .github/workflows/new.yml; echo x > .qwen; mkdir -p src/.claude; echo x > src/.claude/settings.json", ".github/workflows/new.yml, .qwen, src/.claude/settings.json")]
    [InlineData("mv .github/workflows/ci.yml src/ci.yml", ".github/workflows/ci.yml", "created: src/ci.yml")]
    [InlineData("mv src/calc.py .github/workflows/calc.yml", ".github/workflows/calc.yml")]
    [InlineData("mv src/calc.py lib.py; echo '# more' >> lib.py", "lib.py")]
    [InlineData("mv .github away && ln -s away .github", ".github, .github/workflows/ci.yml, away/workflows/ci.yml")]
    [InlineData("rm -r .github/workflows && ln -s $OUTSIDE .github/workflows", ".github/workflows, .github/workflows/ci.yml")]
    [InlineData("rm -r .github && ln -s $OUTSIDE .github && ln -s $OUTSIDE .vscode", ".github, .github/workflows/ci.yml, .vscode")]
    [InlineData("rm .mcp.json && mkdir .mcp.json && echo x > .mcp.json/x", ".mcp.json, .mcp.json/x")]
    [InlineData("rm -r .github && echo x > .github", ".github, .github/workflows/ci.yml")]
    [InlineData("printf x > $'.github/workflows/\\377.yml'; echo ok > src/ok.py", ".github/workflows/\ufffd.yml", "created: src/ok.py")]
    public async Task A_snapshot_is_without_them_and_the_work_tree_is_left_as_it_is(string command, string refused, string changes = "")
    {
        var (workspace, guard) = await CreateAsync();
        await RunAsync(workspace, command);
        var (inside, outside) = (List(workspace.WorkTree), List(_outside.Root));

        var (tree, named) = await guard.SnapshotAsync(_base, [], anything: true, GitFixture.Stop);

        Assert.Equal(refused.Split(", "), named.Order(StringComparer.Ordinal));
        Assert.Equal(changes.Split(", ", StringSplitOptions.RemoveEmptyEntries), (await workspace.DiffAsync(_base, tree, GitFixture.Stop)).Select(change => change.ToString()));
        Assert.Equal(inside, List(workspace.WorkTree));
        // It may yet turn out that something moved meanwhile: nobody is shown what was seen.
        Assert.Equal(_base, _git.Store.Find("task-1")!.Tree);
        await guard.KeepAsync(tree, GitFixture.Stop);
        Assert.Equal(tree, _git.Store.Find("task-1")!.Tree);

        await workspace.CheckoutAsync(tree, GitFixture.Stop);

        Assert.Equal("on: push\n", await File.ReadAllTextAsync(Path.Combine(workspace.WorkTree, ".github/workflows/ci.yml"), GitFixture.Stop));
        Assert.Equal(outside, List(_outside.Root));
        Assert.Equal((tree, 0), await AgainAsync(workspace, guard, tree));
    }

    [Fact]
    public async Task Until_they_are_put_back_every_snapshot_is_without_them_and_has_all_else()
    {
        var (workspace, guard) = await CreateAsync();
        await RunAsync(workspace, "echo evil >> .github/workflows/ci.yml; echo 1 > src/one.py");
        var (first, _) = await guard.SnapshotAsync(_base, [], anything: true, GitFixture.Stop);
        await RunAsync(workspace, "echo worse >> .github/workflows/ci.yml; echo 2 > src/two.py; rm src/one.py");
        var (second, refused) = await guard.SnapshotAsync(first, [], anything: true, GitFixture.Stop);
        await RunAsync(workspace, "printf 'on: push\\n' > .github/workflows/ci.yml");
        var (third, none) = await guard.SnapshotAsync(second, [], anything: true, GitFixture.Stop);

        Assert.Equal(["created: src/one.py"], (await workspace.DiffAsync(_base, first, GitFixture.Stop)).Select(change => change.ToString()));
        Assert.Equal(["created: src/two.py"], (await workspace.DiffAsync(_base, second, GitFixture.Stop)).Select(change => change.ToString()));
        Assert.Equal([".github/workflows/ci.yml"], refused);
        Assert.Equal(second, third);
        Assert.Empty(none);
    }

    [Fact]
    public async Task What_was_moved_out_of_the_task_s_folders_is_not_lost_when_it_is_rewritten_there()
    {
        var (workspace, guard) = await CreateAsync();
        await RunAsync(workspace, "mv src/calc.py lib.py");
        var (first, _) = await guard.SnapshotAsync(_base, [], anything: true, GitFixture.Stop);
        await RunAsync(workspace, "seq 1000 > lib.py");
        var (second, _) = await guard.SnapshotAsync(first, [], anything: true, GitFixture.Stop);
        await RunAsync(workspace, "rm lib.py");
        var (third, _) = await guard.SnapshotAsync(second, [], anything: true, GitFixture.Stop);

        Assert.Equal(_base, first);
        Assert.Equal(_base, second);
        Assert.Equal(["deleted: src/calc.py"], (await workspace.DiffAsync(_base, third, GitFixture.Stop)).Select(change => change.ToString()));
    }

    [Fact]
    public async Task Whatever_is_done_in_whatever_order_no_snapshot_has_them()
    {
        string[] places = [".github", ".github/workflows", ".github/workflows/ci.yml", ".mcp.json", "src", "src/calc.py", "src/AGENTS.md", "src/a", "src/a/b", "README.md", "tools/claude", "tools", ".claude"];
        string[] steps =
        [
            "rm -rf {0}", "mkdir -p {0}", "mv {0} {1}", "mv -T {0} {1}", "cp -r {0} {1}", "ln -sfn $PWD/{1} {0}", "ln -sfn $OUTSIDE {0}", "echo {2} > {0}", "echo {2} > {0}/{2}", "chmod +x {0}", "seq {2} > {0}",
        ];
        var random = new Random(4_096);
        var (workspace, guard) = await CreateAsync();
        var (before, seen) = (_base, 0);
        for (var turn = 0; turn < 60; turn++)
        {
            var lines = Enumerable.Range(0, random.Next(1, 6)).Select(_ => string.Format(
                null, steps[random.Next(steps.Length)], places[random.Next(places.Length)], places[random.Next(places.Length)], random.Next(1_000)));
            await RunAsync(workspace, $"({string.Join("; ", lines)}) 2> /dev/null < /dev/null; true");
            // A command may have written there itself.
            var (inside, outside) = (List(workspace.WorkTree), List(_outside.Root));

            var (tree, refused) = await guard.SnapshotAsync(before, [], anything: true, GitFixture.Stop);

            seen += refused.Count;
            Assert.Equal(inside, List(workspace.WorkTree));
            var changes = await workspace.DiffAsync(_base, tree, GitFixture.Stop);
            Assert.DoesNotContain(changes, change => _scope.Refusal(change.Path) is not null || (change.OldPath is { } old && _scope.Refusal(old) is not null));
            // As after an agent's end now and then.
            if (turn % 5 == 4)
            {
                await workspace.CheckoutAsync(tree, GitFixture.Stop);
                Assert.Equal((tree, 0), await AgainAsync(workspace, guard, tree));
                Assert.Equal(outside, List(_outside.Root));
            }

            before = tree;
        }

        Assert.InRange(seen, 60, int.MaxValue);
        Assert.NotEqual(_base, before);
    }

    private async Task<(Workspace Workspace, ScopeGuard Guard)> CreateAsync()
    {
        await File.WriteAllTextAsync(_outside["ci.yml"], "outside\n", GitFixture.Stop);
        await new GitRepositoryBuilder()
            .With("README.md", "# Calc\n").With("src/calc.py", Source).With(".github/workflows/ci.yml", "on: push\n").With(".mcp.json", "{}\n")
            .With("tools/claude/settings.json", "{}\n").With("tools/run.sh", "true\n")
            .CreateAsync(_git["served", "app.git"]);
        _base = (await _git.CloneAsync(GitFixture.Task(_git["served", "app.git"]))).Tree;
        var workspace = await _git.OpenAsync();
        return (workspace, new(workspace, _scope));
    }

    private static async Task<(string Tree, int Refused)> AgainAsync(Workspace workspace, ScopeGuard guard, string before)
    {
        var (tree, refused) = await guard.SnapshotAsync(before, [], anything: true, GitFixture.Stop);
        return (tree, refused.Count);
    }

    private async Task RunAsync(Workspace workspace, string command)
    {
        var start = new ProcessStartInfo("bash", ["-c", command]) { WorkingDirectory = workspace.WorkTree };
        start.Environment["OUTSIDE"] = _outside.Root;
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync(GitFixture.Stop);
        Assert.Equal(0, process.ExitCode);
    }

    /// <summary>Every entry with what a write would change of it.</summary>
    private static List<string> List(string root)
    {
        var entries = new FileSystemEnumerable<FileSystemInfo>(root, (ref entry) => entry.ToFileSystemInfo(), new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.None })
        {
            ShouldRecursePredicate = (ref entry) => entry.FileName is not ".git" && (entry.Attributes & FileAttributes.ReparsePoint) == 0,
        };
        return
        [
            .. entries
                .Select(info => $"{info.FullName} {info.LastWriteTimeUtc:O} {info.LinkTarget ?? info.UnixFileMode.ToString()} {(info is FileInfo { LinkTarget: null, Exists: true } file ? file.Length : 0)}")
                .Order(StringComparer.Ordinal),
        ];
    }
}
