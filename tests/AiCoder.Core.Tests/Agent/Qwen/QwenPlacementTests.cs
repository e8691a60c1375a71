using AiCoder.Core.Agent.Qwen;
using AiCoder.Core.Failures;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Agent.Qwen;

/// <summary>The agent's copy in WORKSPACE_DIR, of what npm installs.</summary>
public sealed class QwenPlacementTests : IDisposable
{
    private const string Cli = "node_modules/@qwen-code/qwen-code/cli.js";
    private const string Node = "node_modules/node/bin/node";

    private readonly TemporaryFolder _folder = new();
    private readonly List<string> _said = [];

    private string Workspace => Directory.CreateDirectory(_folder["workspace"]).FullName;

    private string Placed => Path.Combine(Workspace, ".engines", $"qwen-{QwenInstallation.TestedVersion}");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_is_copied_once_whole_and_without_what_no_start_needs()
    {
        var installed = Install(_folder["opt"]);
        Write(Path.Combine(installed, "node_modules/node/include/node.h"));
        Write(Path.Combine(installed, ".npmrc"));
        Directory.CreateDirectory(Path.Combine(installed, "node_modules/.bin"));
        File.CreateSymbolicLink(Path.Combine(installed, "node_modules/link"), "/etc");

        var first = await PlaceAsync(installed);
        var second = await PlaceAsync(installed);

        Assert.Equal((Placed, Path.Combine(Placed, Cli), Path.Combine(Placed, Node)), (first.Folder, first.Cli, first.Node));
        Assert.Equal(first, second);
        Assert.Single(_said);
        Assert.True(File.GetUnixFileMode(first.Node).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal(
            [Cli, "node_modules/@qwen-code/qwen-code/package.json", Node],
            Directory.EnumerateFiles(Placed, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(Placed, file)).Order(StringComparer.Ordinal));
        Assert.Equal([Placed], Directory.EnumerateDirectories(Path.GetDirectoryName(Placed)!));
    }

    [Fact]
    public async Task An_installation_in_the_workspace_is_used_as_it_is()
    {
        var installed = Install(Path.Combine(Workspace, "tools", "qwen"));

        Assert.Equal(installed, (await PlaceAsync(installed)).Folder);
        Assert.Empty(_said);
        Assert.False(Directory.Exists(Path.Combine(Workspace, ".engines")));
    }

    [Fact]
    public async Task What_a_killed_service_left_goes_and_a_copy_that_is_being_made_stays()
    {
        var (old, young) = (Directory.CreateDirectory($"{Placed}.1.partial"), Directory.CreateDirectory($"{Placed}.2.partial"));
        old.LastWriteTimeUtc = DateTime.UtcNow.AddHours(-7);

        await PlaceAsync(Install(_folder["opt"]));

        Assert.Equal((false, true), (Directory.Exists(old.FullName), Directory.Exists(young.FullName)));
    }

    [Fact]
    public async Task A_copy_that_is_given_up_leaves_nothing()
    {
        var installed = Install(_folder["opt"]);
        using var stop = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => QwenPlacement.PlaceAsync(
            QwenInstallation.Find(installed), Workspace, _ => stop.Cancel(), TimeProvider.System, stop.Token));

        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(Placed)!));
    }

    [Fact]
    public async Task A_damaged_copy_is_named_with_what_to_do()
    {
        var installed = Install(_folder["opt"]);
        await PlaceAsync(installed);
        File.Delete(Path.Combine(Placed, Cli));

        var failure = (await Assert.ThrowsAsync<FailureException>(() => PlaceAsync(installed))).Failure;

        Assert.Equal(FailureCodes.EngineUnavailable, failure.Code);
        Assert.Contains($"{Placed} is not whole any more. Remove that folder", failure.Message, StringComparison.Ordinal);
    }

    private Task<QwenInstallation> PlaceAsync(string installed) =>
        QwenPlacement.PlaceAsync(QwenInstallation.Find(installed), Workspace, _said.Add, TimeProvider.System, TestContext.Current.CancellationToken);

    private static string Install(string folder)
    {
        Write(Path.Combine(folder, Cli));
        Write(Path.Combine(folder, "node_modules/@qwen-code/qwen-code/package.json"), $$"""{"version": "{{QwenInstallation.TestedVersion}}"}""");
        var node = Path.Combine(folder, Node);
        Write(node);
        File.SetUnixFileMode(node, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return folder;
    }

    private static void Write(string path, string content = "x")
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
    }
}
