using System.Diagnostics;
using AiCoder.Core.Activities;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Forges;
using AiCoder.Core.Git;
using AiCoder.Core.Network;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Tests.Git;
using AiCoder.Core.Workspaces;
using AiCoder.Demo;
using AiCoder.Testing;
using GitProgram = AiCoder.Testing.GitProgram;

namespace AiCoder.Core.Tests.Commits;

/// <summary>A task that was cloned from a real server and is about to be committed.</summary>
internal sealed class CommitFixture : IAsyncDisposable
{
    public const string Intent = "添加用户登录功能";

    private static readonly DateTime When = new(2026, 3, 4, 5, 6, 7, DateTimeKind.Utc);

    private readonly GitFixture _git;
    private readonly GitServer _server;

    private CommitFixture(GitFixture git, GitServer server, TaskSpec spec, CloneOutput source) =>
        (_git, _server, Spec, Source) = (git, server, spec, source);

    public TaskSpec Spec { get; private set; }

    public CloneOutput Source { get; private set; }

    public Plan Plan { get; set; } = new() { Summary = "s", Files = ["src/登录.py"] };

    public TestResults Results { get; set; } = new() { Verdict = Verdict.Passed, Commands = [new() { Command = "pytest -q", ExitCode = 0, DurationSeconds = 1.26, Verdict = Verdict.Passed }] };

    public TaskSecrets Secrets { get; set; } = TaskSecrets.None;

    public bool Draft { get; set; }

    public string Repository => Path.Combine(_git.Served, "组", "app.git");

    public IReadOnlyList<GitServerRequest> Requests => _server.Requests;

    public int Pushes => Requests.Count(request => request.Method == "POST" && request.Path.EndsWith("git-receive-pack", StringComparison.Ordinal));

    public static async Task<CommitFixture> StartAsync(
        Func<AiCoderOptions, AiCoderOptions>? options = null,
        Func<TaskSpec, TaskSpec>? spec = null,
        Func<GitServerRequest, GitServerAnswer?>? api = null,
        Func<string, Task>? prepare = null)
    {
        var git = new GitFixture(options);
        var server = await GitServer.StartAsync(git.Served, new() { Intercept = (request, _) => Task.FromResult(api?.Invoke(request)) }, GitFixture.Stop);
        var repository = Path.Combine(git.Served, "组", "app.git");
        await new GitRepositoryBuilder()
            .With("README.md", "# 应用\n").With("src/app.py", "print('hi')\n").With("src/old.py", string.Concat(Enumerable.Range(0, 20).Select(line => $"line {line}\n")))
            .With("vendored/node_modules/kept.js", "1\n").With("config/keys.env", $"KEY={OldSecret}\n").With(".github/workflows/ci.yml", "on: push\n")
            .CreateAsync(repository);
        if (prepare is not null)
            await prepare(repository);
        var task = GitFixture.Task(server.UrlOf("组/app.git")) with { Intent = Intent, Model = "qwen-coder" };
        task = spec?.Invoke(task) ?? task;
        return new(git, server, task, await git.CloneAsync(task));
    }

    // Put together at run time, so that no scanner takes this file for a leak.
    public static string OldSecret => "ghp_" + "kZ8vQ2mX4tR9wL7pN3sY6bH1cJ5dF0gAeVuT";

    public static string NewSecret => "ghp_" + "VuT8vQ2mX4tR9wL7pN3sY6bH1cJ5dF0gAekZ";

    public async Task WriteAsync(string path, string content)
    {
        var absolute = Path.Combine((await _git.OpenAsync()).WorkTree, path);
        Directory.CreateDirectory(Path.GetDirectoryName(absolute)!);
        await File.WriteAllTextAsync(absolute, content, GitFixture.Stop);
    }

    /// <summary>For file names that are no text.</summary>
    public async Task ShellAsync(string line)
    {
        using var process = Process.Start(new ProcessStartInfo("bash", ["-c", line]) { WorkingDirectory = (await _git.OpenAsync()).WorkTree })!;
        await process.WaitForExitAsync(GitFixture.Stop);
        Assert.Equal(0, process.ExitCode);
    }

    public async Task DeleteAsync(string path) => File.Delete(Path.Combine((await _git.OpenAsync()).WorkTree, path));

    public void Change(Func<TaskSpec, TaskSpec> change) => Spec = change(Spec);

    public void ChangeSource(Func<CloneOutput, CloneOutput> change) => Source = change(Source);

    /// <summary>Takes a snapshot and commits it, as a new process where asked.</summary>
    public async Task<CommitOutput> CommitAsync(bool newProcess = false)
    {
        var tree = await (await _git.OpenAsync()).SnapshotAsync(null, GitFixture.Stop);
        var options = _git.Options;
        var guard = new AddressGuard(options);
        using var store = new ProtectedSecretStore(options);
        await store.PutAsync(Spec.TaskId, Secrets, GitFixture.Stop);
        var activity = new CommitActivity(
            options, store, newProcess ? _git.NewProcess() : _git.Store, new LocalRepository(), new RemoteAccessResolver(options, guard), _git.Remote,
            new ForgeLocator(options, guard, TimeProvider.System), new SecretScanner(TimeProvider.System));
        return await activity.RunAsync(
            new(Spec, Source, Plan, tree, "加了登录。", Results, ["一条备注"], When, Draft),
            new() { TaskId = Spec.TaskId, Signals = null! },
            GitFixture.Stop);
    }

    public async Task<Failure> FailureAsync() => (await Assert.ThrowsAsync<FailureException>(() => CommitAsync())).Failure;

    /// <summary>What git says about the remote.</summary>
    public Task<string> RemoteAsync(params string[] arguments) => GitProgram.RunAsync(Repository, arguments);

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _git.Dispose();
    }
}
