using AiCoder.Core.Activities;
using AiCoder.Core.Configuration;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Activities;

/// <summary>The activity on a real workspace and a real sandbox.</summary>
public sealed class ValidateActivityTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly AiCoderOptions _options;
    private readonly WorkspaceStore _store;
    private readonly ValidateActivity _activity;
    private readonly List<ActivityProgress> _progress = [];
    private readonly ProtectedSecretStore _secrets;

    public ValidateActivityTests()
    {
        _options = new() { WorkspaceDir = _folder["workspace"], StateDir = _folder["workspace", ".state"] };
        Directory.CreateDirectory(_options.StateDir);
        _store = new(_options);
        _secrets = new(_options);
        _activity = Activity(_store);
    }

    public void Dispose()
    {
        _secrets.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Baseline_and_changes_run_on_the_snapshots_they_are_given()
    {
        var workspace = await _store.OpenAsync("task", Token);
        await WriteAsync(workspace, "test.sh", "[ \"$(cat value)\" = 5 ] || { echo is $(cat value); exit 1; }\n");
        await WriteAsync(workspace, "value", "5\n");
        var first = await workspace.SnapshotAsync(null, Token);
        var baseline = (await RunAsync(_activity, ValidationPurpose.Baseline, first, first, null)).Results;
        Assert.Equal(Verdict.Passed, baseline.Verdict);
        Assert.Contains(_progress, progress => progress is { Stage: TaskState.Analyzing, Detail: "bash test.sh" });

        await WriteAsync(workspace, "value", "4\n");
        await WriteAsync(workspace, "data.json", "{\n");
        var second = await workspace.SnapshotAsync(null, Token);
        // What a command left lying about is not what is validated.
        await WriteAsync(workspace, "value", "5\n");
        workspace.MarkDirty();
        var results = (await RunAsync(_activity, ValidationPurpose.Changes, first, second, baseline)).Results;

        Assert.Equal(Verdict.Failed, results.Verdict);
        Assert.Contains("is 4", results.Commands[^1].Output, StringComparison.Ordinal);
        Assert.Contains(results.Commands, report => report is { Purpose: CommandPurpose.Syntax, Verdict: Verdict.Failed });
        Assert.Contains(_progress, progress => progress.Stage == TaskState.Testing);
    }

    [Fact]
    public async Task What_commands_wrote_in_the_work_tree_is_not_taken_for_unchanged()
    {
        var workspace = await _store.OpenAsync("task", Token);
        await WriteAsync(workspace, "test.sh", "echo 9 > value; echo x > extra\n");
        await WriteAsync(workspace, "value", "5\n");
        var tree = await workspace.SnapshotAsync(null, Token);
        await RunAsync(_activity, ValidationPurpose.Baseline, tree, tree, null);
        await workspace.CheckoutAsync(tree, Token);

        Assert.Equal("5\n", await File.ReadAllTextAsync(Path.Combine(workspace.WorkTree, "value"), Token));
        Assert.False(File.Exists(Path.Combine(workspace.WorkTree, "extra")));
    }

    [Fact]
    public async Task A_secret_of_the_request_that_a_test_prints_is_in_no_report()
    {
        await _secrets.PutAsync("task", new TaskSecrets { Token = "glpat-of-the-caller" }, Token);
        var workspace = await _store.OpenAsync("task", Token);
        await WriteAsync(workspace, "test.sh", "echo token glpat-of-the-caller\n");
        var tree = await workspace.SnapshotAsync(null, Token);

        var results = (await RunAsync(_activity, ValidationPurpose.Baseline, tree, tree, null)).Results;

        Assert.Equal($"token {SecretRedactor.Mask}", results.Commands[^1].Output.Trim());
    }

    [Fact]
    public async Task A_new_epoch_is_prepared_again()
    {
        var workspace = await _store.OpenAsync("task", Token);
        await WriteAsync(workspace, ".gitignore", "ready\n");
        var tree = await workspace.SnapshotAsync(null, Token);
        var validation = new ValidationOptions { Prepare = ["echo ready > ready"], Commands = ["test -f ready"] };
        await RunAsync(_activity, ValidationPurpose.Baseline, tree, tree, null, validation);

        // Another process takes the task over: its work tree is a new one.
        var other = new WorkspaceStore(_options);
        Assert.NotEqual(workspace.Epoch, (await other.OpenAsync("task", Token)).Epoch);
        var results = (await RunAsync(Activity(other), ValidationPurpose.Changes, tree, tree, null, validation)).Results;

        Assert.Equal(Verdict.Passed, results.Verdict);
    }

    [Fact]
    public async Task Stopping_ends_it_so_that_it_can_run_again()
    {
        var workspace = await _store.OpenAsync("task", Token);
        await WriteAsync(workspace, "test.sh", "sleep 3600\n");
        var tree = await workspace.SnapshotAsync(null, Token);
        using var stopping = new CancellationTokenSource();
        var context = Context(
            progress =>
            {
                if (progress.Detail == "bash test.sh")
                    stopping.Cancel();
            },
            stopping.Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => _activity.RunAsync(Input(ValidationPurpose.Baseline, tree, tree, null, new()), context, Token));
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private ValidateActivity Activity(WorkspaceStore store) => new(
        store, SandboxFactory.Create(_options, new ProcessRunner(TimeProvider.System), SecretRedactor.None), _options, _secrets);

    private static Task WriteAsync(Workspace workspace, string path, string content) =>
        File.WriteAllTextAsync(Path.Combine(workspace.WorkTree, path), content, Token);

    private Task<ValidateOutput> RunAsync(
        ValidateActivity activity, ValidationPurpose purpose, string source, string tree, TestResults? baseline, ValidationOptions? validation = null) =>
        activity.RunAsync(Input(purpose, source, tree, baseline, validation ?? new()), Context(_progress.Add, default), Token);

    private static ValidateInput Input(ValidationPurpose purpose, string source, string tree, TestResults? baseline, ValidationOptions validation) => new(
        new() { TaskId = "task", RepoUrl = "https://example.com/a.git", Intent = "x", WorkBranch = "ai/task", Model = "m", Validation = validation },
        new("main", new string('0', 40), source, null, [], false),
        purpose,
        tree,
        baseline);

    private static ActivityContext Context(Action<ActivityProgress> report, CancellationToken stopping) =>
        new() { TaskId = "task", Signals = new NoSignals(), Stopping = stopping, Report = report };
}
