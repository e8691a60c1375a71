using AiCoder.Core.Activities;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Git;
using AiCoder.Core.Network;
using AiCoder.Core.Processes;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Tests.Activities;
using AiCoder.Core.Workspaces;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Git;

/// <summary>One process' parts of git, on a WORKSPACE_DIR of its own.</summary>
internal sealed class GitFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public GitFixture(Func<AiCoderOptions, AiCoderOptions>? configure = null, GitBounds? bounds = null)
    {
        var options = new AiCoderOptions
        {
            WorkspaceDir = _folder["workspaces"],
            StateDir = _folder["state"],
            AllowedNetworks = ["127.0.0.0/8"],
        };
        Options = configure?.Invoke(options) ?? options;
        Bounds = bounds ?? new();
        Directory.CreateDirectory(Options.WorkspaceDir);
        Directory.CreateDirectory(Served);
        Program = new(Options, new ProcessRunner(TimeProvider.System));
        Store = NewProcess();
    }

    public AiCoderOptions Options { get; }

    public GitBounds Bounds { get; }

    public Core.Git.GitProgram Program { get; }

    public WorkspaceStore Store { get; }

    public string Served => _folder["served"];

    public string this[params ReadOnlySpan<string> parts] => _folder[parts];

    public GitRemote Remote => new(Program, new RepositoryCache(Options, TimeProvider.System), new AddressGuard(Options), Bounds);

    /// <summary>Another process on the same folder, as far as claims go.</summary>
    public WorkspaceStore NewProcess() => new(Options, Program, Bounds, TimeProvider.System);

    public static TaskSpec Task(string url, string id = "task-1") =>
        new() { TaskId = id, RepoUrl = url, Intent = "改一改", Model = "m", WorkBranch = "ai/" + id };

    public Task<RemoteAccess> AccessAsync(TaskSpec spec, TaskSecrets? secrets = null) =>
        new RemoteAccessResolver(Options, new AddressGuard(Options)).ResolveAsync(spec, secrets ?? TaskSecrets.None, Stop);

    public async Task<CloneOutput> CloneAsync(TaskSpec spec, TaskSecrets? secrets = null, WorkspaceStore? store = null)
    {
        var activity = new CloneActivity(
            Remote, new RemoteAccessResolver(Options, new AddressGuard(Options)), store ?? Store, new GivenSecrets(secrets ?? TaskSecrets.None));
        return await activity.RunAsync(new(spec), new() { TaskId = spec.TaskId, Signals = new NoSignals() }, Stop);
    }

    /// <summary>The failure that a clone ends with.</summary>
    public async Task<Failure> CloneFailureAsync(TaskSpec spec, TaskSecrets? secrets = null) =>
        (await Assert.ThrowsAsync<FailureException>(() => CloneAsync(spec, secrets))).Failure;

    public async Task<Workspace> OpenAsync(string id = "task-1") => await Store.OpenAsync(id, Stop);

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    private sealed class GivenSecrets(TaskSecrets secrets) : ISecretStore
    {
        public Task PutAsync(string taskId, TaskSecrets given, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<TaskSecrets> GetAsync(string taskId, CancellationToken cancellationToken) => System.Threading.Tasks.Task.FromResult(secrets);

        public Task DeleteAsync(string taskId, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
