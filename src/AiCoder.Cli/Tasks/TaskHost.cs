using AiCoder.Cli.Terminal;
using AiCoder.Core;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Core.Workspaces;
using AiCoder.Embedded;

namespace AiCoder.Cli.Tasks;

/// <summary>The embedded host of this process, with the activities it runs. Plain construction: no container, nothing started.</summary>
internal sealed class TaskHost : IAsyncDisposable
{
    // Of a stop's time, what the activities get for their next safe point; the rest is for killing and for letting go.
    private const double GracefulShare = 0.6;

    private readonly AiCoderOptions _options;
    private readonly ProtectedSecretStore _secrets;
    private readonly CoreServices _services;
    private bool _abandoned;

    private TaskHost(AiCoderOptions options, CommandConsole console)
    {
        _options = options;
        _secrets = new ProtectedSecretStore(options);
        var loggers = StandardErrorLog.For(console);
        _services = new CoreServices(options, _secrets, TimeProvider.System, loggers);
        Tasks = EmbeddedHost.Open(new EmbeddedHostSetup
        {
            Options = options,
            Activities = _services.Activities,
            Secrets = _secrets,
            Workflow = CodingWorkflow.RunAsync,
            LoggerFactory = loggers,
            ReleaseWorkspaceAsync = _services.Workspaces.ReleaseAsync,
            RemoveWorkspaceAsync = _services.Workspaces.DeleteAsync,
        });
    }

    /// <summary>The host.</summary>
    public EmbeddedHost Tasks { get; }

    /// <summary>What tasks keep.</summary>
    public WorkspaceStore Workspaces => _services.Workspaces;

    /// <summary>Opens the journal; runs nothing yet.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>: WORKSPACE_DIR or STATE_DIR can't be made.</exception>
    public static TaskHost Open(AiCoderOptions options, CommandConsole console)
    {
        Ensure("WORKSPACE_DIR", options.WorkspaceDir);
        Ensure("STATE_DIR", options.StateDir);
        return new(options, console);
    }

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
    public async Task StopAsync(TimeSpan bound)
    {
        var stopping = Tasks.StopAsync(bound * GracefulShare);
        if (await Task.WhenAny(stopping, Task.Delay(bound)) != stopping)
            _abandoned = true;
    }

    private static void Ensure(string variable, string path)
    {
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && FailureMapping.From(exception).Code != FailureCodes.DiskFull)
        {
            throw new FailureException(
                FailureCodes.Configuration, $"{variable} '{path}' can't be made: {exception.Message} Set {variable} to a folder that this user may write.", exception);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_abandoned)
            return;
        await Tasks.DisposeAsync();
        _services.Dispose();
        _secrets.Dispose();
    }
}
