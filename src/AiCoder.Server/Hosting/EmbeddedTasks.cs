using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Embedded;

namespace AiCoder.Server.Hosting;

/// <summary>The embedded host as the HTTP API and the queue see it. A list's cursor is the number of the last task that was shown.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore without a wait handle holds nothing that needs disposal.")]
public sealed class EmbeddedTasks(EmbeddedHost host, AiCoderOptions options, TimeProvider time) : ITaskHost
{
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);

    // Whoever asks without a key and without end writes the disk no more often than this.
    private static readonly TimeSpan ProbeHolds = TimeSpan.FromSeconds(1);

    private readonly SecretFingerprint _fingerprint = new(options);
    private readonly SemaphoreSlim _probing = new(1);
    private long _probedAt = long.MinValue;
    private Task _probe = Task.CompletedTask;

    public Task<StartOutcome> StartAsync(AcceptedTask task, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(task);
        var identity = TaskIdentity.Of(task, _fingerprint);
        return host.StartAsync(task.Spec, task.Secrets, identity.Request, identity.Secrets, cancellationToken);
    }

    public Task<TaskRecord?> GetAsync(string taskId, CancellationToken cancellationToken) => host.GetAsync(taskId, cancellationToken);

    public async Task<TaskPage> ListAsync(int limit, string? cursor, CancellationToken cancellationToken)
    {
        long? before = cursor is null ? null : long.Parse(cursor, NumberStyles.None, CultureInfo.InvariantCulture);
        var tasks = await host.ListAsync(limit + 1, before, cancellationToken);
        return tasks.Count <= limit
            ? new(tasks, null)
            : new([.. tasks.Take(limit)], tasks[limit - 1].Number.ToString(CultureInfo.InvariantCulture));
    }

    public Task<IReadOnlyList<TaskEvent>> GetEventsAsync(string taskId, int after, CancellationToken cancellationToken) =>
        host.GetEventsAsync(taskId, after, cancellationToken);

    public Task<CancelOutcome> CancelAsync(string taskId, string? reason, CancellationToken cancellationToken) =>
        host.CancelAsync(taskId, reason, cancellationToken);

    public Task<SendOutcome> ApproveAsync(string taskId, ApprovalDecision decision, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(decision);
        return host.ApproveAsync(taskId, decision.Approved, decision.Comment, cancellationToken);
    }

    public Task<SendOutcome> SendMessageAsync(string taskId, string text, CancellationToken cancellationToken) =>
        host.SendMessageAsync(taskId, text, cancellationToken);

    public Task<DeleteOutcome> DeleteAsync(string taskId, CancellationToken cancellationToken) => host.DeleteAsync(taskId, cancellationToken);

    /// <exception cref="FailureException"><c>system/storage_unavailable</c> and its kin.</exception>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        await _probing.WaitAsync(cancellationToken);
        try
        {
            if (_probedAt != long.MinValue && time.GetElapsedTime(_probedAt) < ProbeHolds)
                return;
            await host.ListAsync(1, null, cancellationToken);
            // A share that is gone does not answer at all.
            // One that hangs is waited for again: each further one would hold a thread.
            if (_probe.IsCompleted)
                _probe = Task.Run(ProbeWorkspace, CancellationToken.None);
            await _probe.WaitAsync(ProbeTimeout, time, cancellationToken);
            _probedAt = time.GetTimestamp();
        }
        catch (TimeoutException exception)
        {
            throw new FailureException(
                FailureCodes.StorageUnavailable,
                $"WORKSPACE_DIR did not answer within {ProbeTimeout.TotalSeconds} seconds; is its share mounted and reachable?",
                exception);
        }
        finally
        {
            _probing.Release();
        }
    }

    private void ProbeWorkspace()
    {
        var probe = Path.Combine(options.WorkspaceDir, $".health-{Guid.NewGuid():n}");
        using (new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose))
        {
            // That it can be made is all there is to know.
        }
    }
}
