using System.Text;
using AiCoder.Core.Tests.Git;
using AiCoder.Core.Workspaces;
using AiCoder.Demo;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Workspaces;

public sealed class SnapshotTests
{
    private static readonly byte[] Gbk = [0xC4, 0xE3, 0xBA, 0xC3, 0x0D, 0x0A];

    [Fact]
    public async Task Every_byte_mode_and_link_comes_back_through_snapshot_and_checkout()
    {
        using var git = new GitFixture(options => options with { CallerIsOperator = true });
        await Awkward().CreateAsync(git["served", "app.git"]);
        var cloned = await git.CloneAsync(GitFixture.Task(git["served", "app.git"]));
        var first = await git.OpenAsync();

        Assert.Equal(Gbk, await File.ReadAllBytesAsync(Path.Combine(first.WorkTree, "gbk.txt"), GitFixture.Stop));
        Assert.Equal(cloned.Tree, await first.SnapshotAsync(null, GitFixture.Stop));
        await File.AppendAllTextAsync(Path.Combine(first.WorkTree, "crlf.txt"), "more\r\n", GitFixture.Stop);
        File.Delete(Path.Combine(first.WorkTree, "empty"));
        File.SetUnixFileMode(Path.Combine(first.WorkTree, "plain.txt"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var changed = await first.SnapshotAsync(null, GitFixture.Stop);

        var second = await git.NewProcess().OpenAsync("task-1", GitFixture.Stop);
        await second.CheckoutAsync(changed, GitFixture.Stop);

        Assert.Equal(2, second.Epoch);
        foreach (var file in Directory.EnumerateFiles(first.WorkTree).Select(path => Path.GetFileName(path)))
        {
            var (a, b) = (Path.Combine(first.WorkTree, file), Path.Combine(second.WorkTree, file));
            Assert.Equal(new FileInfo(a).LinkTarget, new FileInfo(b).LinkTarget);
            if (new FileInfo(a).LinkTarget is not null)
                continue;
            Assert.Equal(await File.ReadAllBytesAsync(a, GitFixture.Stop), await File.ReadAllBytesAsync(b, GitFixture.Stop));
            Assert.Equal(File.GetUnixFileMode(a) & UnixFileMode.UserExecute, File.GetUnixFileMode(b) & UnixFileMode.UserExecute);
        }
        Assert.False(File.Exists(Path.Combine(second.WorkTree, "empty")));
        Assert.Equal(changed, await second.SnapshotAsync(null, GitFixture.Stop));
    }

    [Fact]
    public async Task A_checkout_restores_and_deletes_and_leaves_what_is_ignored()
    {
        using var git = new GitFixture(options => options with { CallerIsOperator = true });
        await Awkward().With(".gitignore", "ignored/\n").CreateAsync(git["served", "app.git"]);
        var cloned = await git.CloneAsync(GitFixture.Task(git["served", "app.git"]));
        var workspace = await git.OpenAsync();
        string At(params string[] parts) => Path.Combine([workspace.WorkTree, .. parts]);
        Directory.CreateDirectory(At("ignored"));
        Directory.CreateDirectory(At("nested", ".git"));
        await File.WriteAllTextAsync(At("ignored", "cache"), "x", GitFixture.Stop);
        await File.WriteAllTextAsync(At("nested", "file"), "x", GitFixture.Stop);
        await File.WriteAllTextAsync(At("plain.txt"), "changed", GitFixture.Stop);
        File.Delete(At("crlf.txt"));
        File.Delete(At("bin"));
        Directory.CreateDirectory(At("bin"));
        await File.WriteAllTextAsync(At("bin", "inside"), "x", GitFixture.Stop);
        workspace.MarkDirty();

        await workspace.CheckoutAsync(cloned.Tree, GitFixture.Stop);

        Assert.Equal("plain\n", await File.ReadAllTextAsync(At("plain.txt"), GitFixture.Stop));
        Assert.True(File.Exists(At("crlf.txt")) && File.Exists(At("bin")) && File.Exists(At("ignored", "cache")));
        Assert.False(Path.Exists(At("nested")));
        Assert.True(Directory.Exists(At(".git")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Installed_folders_stay_and_are_no_changes_unless_the_repository_keeps_files_under_that_name(bool vendored)
    {
        using var git = new GitFixture(options => options with { CallerIsOperator = true });
        var repository = new GitRepositoryBuilder().With("a.js", "1\n");
        await (vendored ? repository.With("lib/node_modules/kept.js", "1\n") : repository).CreateAsync(git["served", "app.git"]);
        var cloned = await git.CloneAsync(GitFixture.Task(git["served", "app.git"]));
        var workspace = await git.OpenAsync();
        var installed = Path.Combine(workspace.WorkTree, "node_modules", "left-pad.js");
        Directory.CreateDirectory(Path.GetDirectoryName(installed)!);
        await File.WriteAllTextAsync(installed, "x", GitFixture.Stop);
        workspace.MarkDirty();

        var tree = await workspace.SnapshotAsync(null, GitFixture.Stop);
        Assert.Equal(vendored, tree != cloned.Tree);
        workspace.MarkDirty();
        await workspace.CheckoutAsync(cloned.Tree, GitFixture.Stop);
        Assert.Equal(!vendored, File.Exists(installed));
    }

    [Fact]
    public async Task A_scan_honours_the_ignore_rules_but_never_leaves_out_what_a_tool_wrote()
    {
        using var git = new GitFixture(options => options with { CallerIsOperator = true });
        await Awkward().With(".gitignore", "*.log\nbuild/\n").CreateAsync(git["served", "app.git"]);
        var cloned = await git.CloneAsync(GitFixture.Task(git["served", "app.git"]));
        var workspace = await git.OpenAsync();
        string At(params string[] parts) => Path.Combine([workspace.WorkTree, .. parts]);
        await File.WriteAllTextAsync(At("noise.log"), "x", GitFixture.Stop);
        await File.WriteAllTextAsync(At("wanted.log"), "x", GitFixture.Stop);
        await File.WriteAllTextAsync(At("新建.txt"), "x", GitFixture.Stop);
        Directory.CreateDirectory(At("vendor", "lib", ".git"));
        await File.WriteAllTextAsync(At("vendor", "lib", "code.c"), "x", GitFixture.Stop);
        await File.WriteAllTextAsync(At("vendor", "lib", "out.log"), "x", GitFixture.Stop);
        workspace.MarkDirty();

        var tree = await workspace.SnapshotAsync(["wanted.log"], GitFixture.Stop);
        await File.WriteAllTextAsync(At("wanted.log"), "again", GitFixture.Stop);
        var later = await workspace.SnapshotAsync(null, GitFixture.Stop);

        Assert.Equal(
            ["created: vendor/lib/code.c", "created: wanted.log", "created: 新建.txt"],
            (await workspace.DiffAsync(cloned.Tree, tree, GitFixture.Stop)).Select(change => change.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal(["modified: wanted.log"], (await workspace.DiffAsync(tree, later, GitFixture.Stop)).Select(change => change.ToString()));
    }

    [Fact]
    public async Task Named_paths_are_recorded_without_looking_at_others()
    {
        using var git = new GitFixture(options => options with { CallerIsOperator = true });
        await Awkward().With("dir/a", "1").With("dir/b", "2").With("dir2/a", "3").CreateAsync(git["served", "app.git"]);
        var cloned = await git.CloneAsync(GitFixture.Task(git["served", "app.git"]));
        var workspace = await git.OpenAsync();
        string At(params string[] parts) => Path.Combine([workspace.WorkTree, .. parts]);
        await File.WriteAllTextAsync(At("unnamed"), "x", GitFixture.Stop);
        Directory.Move(At("dir"), At("moved"));
        await File.WriteAllTextAsync(At("plain.txt"), "changed\n", GitFixture.Stop);

        var tree = await workspace.SnapshotAsync(["dir", "moved", "plain.txt", "no/such/file", ".git/config", "../outside"], GitFixture.Stop);

        Assert.Equal(
            ["modified: plain.txt", "renamed: dir/a -> moved/a", "renamed: dir/b -> moved/b"],
            (await workspace.DiffAsync(cloned.Tree, tree, GitFixture.Stop)).Select(change => change.ToString()).Order(StringComparer.Ordinal));
        Assert.Equal(tree, await workspace.SnapshotAsync([], GitFixture.Stop));
    }

    [Fact]
    public async Task What_git_can_not_take_costs_no_other_file()
    {
        using var git = new GitFixture(options => options with { CallerIsOperator = true });
        await Awkward().With("dir/a", "1").With("dir/b", "2").CreateAsync(git["served", "app.git"]);
        var cloned = await git.CloneAsync(GitFixture.Task(git["served", "app.git"]));
        var workspace = await git.OpenAsync();
        string At(params string[] parts) => Path.Combine([workspace.WorkTree, .. parts]);
        File.Delete(At("plain.txt"));
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.AddressFamily.Unix, System.Net.Sockets.SocketType.Stream, 0);
        socket.Bind(new System.Net.Sockets.UnixDomainSocketEndPoint(At("plain.txt")));
        await File.WriteAllTextAsync(At("new.txt"), "x", GitFixture.Stop);
        Directory.Delete(At("dir"), recursive: true);
        File.CreateSymbolicLink(At("dir"), "/tmp");

        var tree = await workspace.SnapshotAsync(null, GitFixture.Stop);

        Assert.Equal(
            ["created: dir", "created: new.txt", "deleted: dir/a", "deleted: dir/b"],
            (await workspace.DiffAsync(cloned.Tree, tree, GitFixture.Stop)).Select(change => change.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_patch_applies_with_binary_other_encodings_renames_and_modes()
    {
        using var git = new GitFixture(options => options with { CallerIsOperator = true });
        await Awkward().CreateAsync(git["served", "app.git"]);
        var cloned = await git.CloneAsync(GitFixture.Task(git["served", "app.git"]));
        var workspace = await git.OpenAsync();
        string At(params string[] parts) => Path.Combine([workspace.WorkTree, .. parts]);
        await File.WriteAllBytesAsync(At("gbk.txt"), [.. Gbk, .. Gbk], GitFixture.Stop);
        await File.WriteAllBytesAsync(At("bin"), [0, 1, 2, 255, 254], GitFixture.Stop);
        await File.AppendAllTextAsync(At("crlf.txt"), "末尾没有换行", GitFixture.Stop);
        File.Move(At("long.txt"), At("改名.txt"));
        File.SetUnixFileMode(At("plain.txt"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var tree = await workspace.SnapshotAsync(null, GitFixture.Stop);

        var patch = await workspace.PatchAsync(cloned.Tree, tree, GitFixture.Stop);

        Assert.Contains("末尾没有换行", patch, StringComparison.Ordinal);
        Assert.Contains("rename to 改名.txt", patch, StringComparison.Ordinal);
        await GitProgram.RunAsync(git.Served, "clone", "-q", git["served", "app.git"], git["copy"]);
        await GitProgram.RunBytesAsync(git["copy"], Encoding.UTF8.GetBytes(patch), "apply", "--index", "--whitespace=nowarn");
        Assert.Equal(tree, await GitProgram.RunAsync(git["copy"], "write-tree"));
        var view = git.NewProcess().Find("task-1")!;
        Assert.Equal((cloned.Tree, tree), (view.BaseTree, view.Tree));
        Assert.Equal(patch, await view.PatchAsync(null, GitFixture.Stop));
    }

    [Fact]
    public async Task Nothing_of_a_repository_runs_or_changes_bytes()
    {
        using var git = new GitFixture(options => options with { CallerIsOperator = true });
        var marker = git["marker"];
        await Awkward()
            .With(".gitattributes", "* text=auto eol=lf filter=evil working-tree-encoding=UTF-16 ident\n*.txt -diff merge=evil\n")
            .With(".gitconfig", $"[filter \"evil\"]\n\tsmudge = touch {marker}\n\tclean = touch {marker}\n[core]\n\tfsmonitor = touch {marker}\n")
            .With("hooks/post-checkout", $"#!/bin/sh\ntouch {marker}\n", GitRepositoryBuilder.ExecutableFile)
            .With("out", "/etc/passwd", GitRepositoryBuilder.SymbolicLink)
            .With("up", "../../../../outside", GitRepositoryBuilder.SymbolicLink)
            .CreateAsync(git["served", "app.git"]);

        var cloned = await git.CloneAsync(GitFixture.Task(git["served", "app.git"]));
        var workspace = await git.OpenAsync();
        workspace.MarkDirty();

        Assert.Equal(cloned.Tree, await workspace.SnapshotAsync(null, GitFixture.Stop));
        Assert.Equal(Gbk, await File.ReadAllBytesAsync(Path.Combine(workspace.WorkTree, "gbk.txt"), GitFixture.Stop));
        Assert.Equal("/etc/passwd", new FileInfo(Path.Combine(workspace.WorkTree, "out")).LinkTarget);
        Assert.False(File.Exists(marker));
    }

    [Theory]
    [InlineData(".git/config")]
    [InlineData(".GIT/hooks/post-checkout")]
    [InlineData("git~1/config")]
    [InlineData("a/.git/config")]
    public async Task A_path_that_would_be_a_git_folder_is_not_checked_out(string path)
    {
        using var git = new GitFixture(options => options with { CallerIsOperator = true });
        await GitRepositoryBuilder.CreateEmptyAsync(git["served", "app.git"]);
        await HostileTree.CommitAsync(git["served", "app.git"], path, "evil");

        var failure = await git.CloneFailureAsync(GitFixture.Task(git["served", "app.git"]));

        Assert.Equal("content_refused", failure.Code);
    }

    [Fact]
    public async Task A_commit_pushed_holds_every_byte_of_the_snapshot()
    {
        using var git = new GitFixture();
        var parent = await Awkward().CreateAsync(git["served", "app.git"]);
        await using var server = await GitServer.StartAsync(git.Served, null, GitFixture.Stop);
        var spec = GitFixture.Task(server.UrlOf("app.git"));
        var cloned = await git.CloneAsync(spec);
        var workspace = await git.OpenAsync();
        await File.WriteAllBytesAsync(Path.Combine(workspace.WorkTree, "二进制"), [0, 13, 10, 255], GitFixture.Stop);
        var tree = await workspace.SnapshotAsync(["二进制"], GitFixture.Stop);

        var commit = new Core.Git.LocalRepository().CreateCommit(
            workspace, tree, cloned.BaseCommit, "AI: 改一改\n\n内容\n", "机器人", "bot@example.com", DateTimeOffset.UnixEpoch);
        await git.Remote.PushAsync(workspace, await git.AccessAsync(spec), commit, spec.WorkBranch, null, GitFixture.Stop);

        Assert.Equal($"{commit} {tree} {parent}", await GitProgram.RunAsync(git["served", "app.git"], "log", "-1", "--format=%H %T %P", "ai/task-1"));
        Assert.Equal(Gbk, await GitProgram.RunBytesAsync(git["served", "app.git"], null, "cat-file", "blob", "ai/task-1:gbk.txt"));
        Assert.Equal([0, 13, 10, 255], await GitProgram.RunBytesAsync(git["served", "app.git"], null, "cat-file", "blob", "ai/task-1:二进制"));
        await GitProgram.RunAsync(git["served", "app.git"], "fsck", "--strict");
    }

    private static GitRepositoryBuilder Awkward() => new GitRepositoryBuilder()
        .With("crlf.txt", "a\r\nb\r\n")
        .With("bom.txt", "\ufeffbom\r\n")
        .With("gbk.txt", Gbk)
        .With("long.txt", string.Concat(Enumerable.Range(0, 60).Select(line => $"line {line}\n")))
        .With("plain.txt", "plain\n")
        .With("run.sh", "#!/bin/sh\n", GitRepositoryBuilder.ExecutableFile)
        .With("link", "plain.txt", GitRepositoryBuilder.SymbolicLink)
        .With("empty", "")
        .With("no-newline", "end")
        .With("bin", [0, 1, 2, 255]);
}
