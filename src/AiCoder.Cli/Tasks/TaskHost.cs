using AiCoder.Cli.Terminal;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;
using AiCoder.Embedded;

namespace AiCoder.Cli.Tasks;

/// <summary>The embedded host of this process, as commands use it.</summary>
internal sealed class TaskHost : IAsyncDisposable
{
    private readonly AiCoderOptions _options;
    private readonly EmbeddedService _service;

    private TaskHost(AiCoderOptions options, EmbeddedService service) => (_options, _service) = (options, service);

    /// <summary>The host.</summary>
    public EmbeddedHost Tasks => _service.Tasks;

    /// <summary>What tasks keep.</summary>
    public WorkspaceStore Workspaces => _service.Workspaces;

    /// <summary>Reads how the sandbox is configured: before a task is begun or gone on with, which it would otherwise fail.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>: SANDBOX=kubernetes, and no cluster is configured.</exception>
    public void OpenSandbox() => _service.Sandbox.Open();

    /// <summary>Opens the journal; runs nothing yet.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>: WORKSPACE_DIR or STATE_DIR can't be made.</exception>
    public static TaskHost Open(AiCoderOptions options, CommandConsole console) =>
        new(options, EmbeddedService.Open(options, StandardErrorLog.For(console), kubernetes: ClusterSandbox.For(console)));

    /// <summary>A keyed hash of a task's secrets: equal means the same secrets.</summary>
    public string FingerprintOf(AcceptedTask accepted) =>
        SecretFingerprint.Format(new SecretFingerprint(_options).Compute(accepted.Spec.TaskId, accepted.Secrets));

    /// <summary>The task's record.</summary>
    /// <exception cref="FailureException">There is none.</exception>
    public async Task<TaskRecord> FindAsync(string taskId, CancellationToken cancellationToken) =>
        await Tasks.GetAsync(taskId, cancellationToken) ?? throw NotFound(taskId);

    /// <summary>There is no such task; the person mistyped it, or it stands in another STATE_DIR.</summary>
    public static FailureException NotFound(string taskId) =>
        new(FailureCodes.Configuration, $"There is no task {taskId} in this STATE_DIR; 'aicoder list' shows all.");

    /// <summary>Stops within the bound. What is not gone by then ends with the process, and loses no more than by a kill.</summary>
    public Task StopAsync(TimeSpan bound) => _service.StopAsync(bound);

    public ValueTask DisposeAsync() => _service.DisposeAsync();
}
