using System.Globalization;
using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Embedded;

namespace AiCoder.Server.Hosting;

/// <summary>The embedded host as the HTTP API and the queue see it. A list's cursor is the number of the last task that was shown.</summary>
public sealed class EmbeddedTasks(EmbeddedHost host, AiCoderOptions options, TimeProvider time) : ITaskHost
{
    private readonly SecretFingerprint _fingerprint = new(options);
    private readonly ReadinessProbe _probe = new(options, time);

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

    public Task CheckAsync(CancellationToken cancellationToken) => _probe.CheckAsync(stop => host.ListAsync(1, null, stop), cancellationToken);
}
