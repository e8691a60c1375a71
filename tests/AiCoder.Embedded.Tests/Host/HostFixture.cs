using AiCoder.Core.Activities;
using AiCoder.Core.Configuration;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Testing;
using Microsoft.Data.Sqlite;

namespace AiCoder.Embedded.Tests.Host;

/// <summary>A journal in a temporary folder, hosts on it, and a way to write into it behind their backs.</summary>
internal sealed class HostFixture(string? stateDir = null) : IAsyncDisposable
{
    /// <summary>For every wait for something that must come; a machine that does much else takes its time.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    private readonly List<EmbeddedHost> _hosts = [];

    public TemporaryFolder Folder { get; } = new();

    public MemorySecrets Secrets { get; } = new();

    public TestActivities Activities { get; } = new();

    /// <summary>What the hosts log.</summary>
    public LogLines Log { get; } = new();

    public string StateDir => stateDir ?? Folder["state"];

    public List<string> RemovedWorkspaces { get; } = [];

    public List<string> ReleasedWorkspaces { get; } = [];

    /// <summary>What every host of this fixture runs; by default one call of the activity <c>A</c>.</summary>
    public Func<IWorkflowContext, TaskSpec, Task<TaskResult>> Workflow { get; set; } =
        async (context, spec) => Specs.Completed(spec, await context.CallActivityAsync<string>("A", 1));

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public EmbeddedHost Open(
        int maxConcurrent = 4, TimeProvider? time = null, IActivityInvoker? activities = null, int retentionDays = 7, Action<string>? recorded = null,
        Func<string, Task>? deletingAsync = null)
    {
        var host = EmbeddedHost.Open(new EmbeddedHostSetup
        {
            Options = new AiCoderOptions
            {
                WorkspaceDir = Folder.Root,
                StateDir = StateDir,
                MaxConcurrentTasks = maxConcurrent,
                RetentionDays = retentionDays,
                GitLabApiToken = "glpat-of-the-operator",
            },
            Activities = activities ?? Activities,
            Secrets = Secrets,
            Workflow = (context, spec) => Workflow(context, spec),
            Time = time ?? TimeProvider.System,
            LoggerFactory = Log,
            ReleaseWorkspaceAsync = (taskId, _) =>
            {
                ReleasedWorkspaces.Add(taskId);
                return Task.CompletedTask;
            },
            RemoveWorkspaceAsync = (taskId, _) =>
            {
                RemovedWorkspaces.Add(taskId);
                return Task.CompletedTask;
            },
            DeletingAsync = (taskId, _) => deletingAsync?.Invoke(taskId) ?? Task.CompletedTask,
            Recorded = (_, history) => recorded?.Invoke(history.Kind.ToString()),
        });
        _hosts.Add(host);
        return host;
    }

    public static Task<StartOutcome> StartAsync(EmbeddedHost host, TaskSpec spec, TaskSecrets? secrets = null) =>
        host.StartAsync(spec, secrets ?? TaskSecrets.None, $"request of {spec}", secrets?.Token is { } token ? $"credentials.token={token.Length}-{token[0]}" : "", Cancellation);

    public static async Task<TaskRecord> WaitAsync(EmbeddedHost host, string taskId) =>
        (await host.WaitAsync(taskId, Cancellation).WaitAsync(Bound, Cancellation))!;

    /// <summary>As if the processes whose the tasks are were gone. They go on all the same, but what they renew is theirs no more.</summary>
    public void LoseOwners() => Execute("UPDATE tasks SET owner = 'a process that is gone' WHERE owner IS NOT NULL");

    /// <summary>Changes the journal as another process would.</summary>
    public int Execute(string sql)
    {
        using var connection = new SqliteConnection($"Data Source={Path.Combine(StateDir, "journal.db")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // The statements are the tests' own.
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteNonQuery();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
            await host.DisposeAsync();
        Folder.Dispose();
    }
}
