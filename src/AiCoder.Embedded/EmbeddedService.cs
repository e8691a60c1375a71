using AiCoder.Core;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Workflow;
using AiCoder.Core.Workspaces;
using Microsoft.Extensions.Logging;

namespace AiCoder.Embedded;

/// <summary>An embedded host with the coding workflow and its activities. Plain construction: no container, nothing started.</summary>
public sealed class EmbeddedService : IAsyncDisposable
{
    // Of a stop's time, what is kept for killing and for letting go; the rest is the activities', for their next safe point.
    private const double ShareKept = 0.4;
    private static readonly TimeSpan MostKept = TimeSpan.FromSeconds(5);

    private readonly ProtectedSecretStore _secrets;
    private readonly CoreServices _services;
    private bool _abandoned;

    private EmbeddedService(AiCoderOptions options, ILoggerFactory loggers, Func<string, CancellationToken, Task>? deletingAsync, KubernetesSandboxFactory? kubernetes)
    {
        _secrets = new ProtectedSecretStore(options);
        _services = new CoreServices(options, _secrets, TimeProvider.System, loggers, kubernetes);
        Tasks = EmbeddedHost.Open(new EmbeddedHostSetup
        {
            Options = options,
            Activities = _services.Activities,
            Secrets = _secrets,
            Workflow = CodingWorkflow.RunAsync,
            LoggerFactory = loggers,
            ReleaseWorkspaceAsync = _services.ReleaseAsync,
            RemoveWorkspaceAsync = _services.Workspaces.DeleteAsync,
            DeletingAsync = deletingAsync ?? ((_, _) => Task.CompletedTask),
        });
    }

    /// <summary>The host.</summary>
    public EmbeddedHost Tasks { get; }

    /// <summary>What tasks keep.</summary>
    public WorkspaceStore Workspaces => _services.Workspaces;

    /// <summary>Where commands of tasks run.</summary>
    public ISandbox Sandbox => _services.Sandbox;

    /// <summary>Opens the journal; runs nothing yet.</summary>
    /// <param name="options">The operator's.</param>
    /// <param name="loggers">The host's.</param>
    /// <param name="deletingAsync">See <see cref="EmbeddedHostSetup.DeletingAsync"/>; null: nothing stands outside.</param>
    /// <param name="kubernetes">Makes the sandbox of SANDBOX=kubernetes; null: this host has none.</param>
    /// <exception cref="FailureException"><c>system/configuration</c>: WORKSPACE_DIR or STATE_DIR can't be made or used.</exception>
    public static EmbeddedService Open(
        AiCoderOptions options, ILoggerFactory loggers, Func<string, CancellationToken, Task>? deletingAsync = null, KubernetesSandboxFactory? kubernetes = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        Ensure("WORKSPACE_DIR", options.WorkspaceDir);
        Ensure("STATE_DIR", options.StateDir);
        return new(options, loggers, deletingAsync, kubernetes);
    }

    /// <summary>Stops within the bound. What is not gone by then ends with the process, and loses no more than by a kill.</summary>
    public async Task StopAsync(TimeSpan bound)
    {
        var kept = bound * ShareKept;
        var stopping = Tasks.StopAsync(bound - (kept < MostKept ? kept : MostKept));
        if (await Task.WhenAny(stopping, Task.Delay(bound)).ConfigureAwait(false) != stopping)
            _abandoned = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (_abandoned)
            return;
        await Tasks.DisposeAsync().ConfigureAwait(false);
        _services.Dispose();
        _secrets.Dispose();
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
}
