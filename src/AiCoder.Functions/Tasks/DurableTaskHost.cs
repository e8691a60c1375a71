using System.Buffers.Text;
using System.Text;
using AiCoder.Core.Activities;
using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Core.Workspaces;
using AiCoder.Functions.Orchestration;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace AiCoder.Functions.Tasks;

/// <summary>Tasks as orchestration instances of a task hub.</summary>
public sealed class DurableTaskHost(
    DurableTaskClient client, AiCoderOptions options, ISecretStore secrets, SecretFingerprint fingerprint, WorkspaceStore workspaces, EventLog events, ReadinessProbe probe,
    ILogger logger)
    : ITaskHost
{
    // An id is taken as long as there is an instance of it, whatever became of it.
    private static readonly IReadOnlyList<string> AnyStatus =
        [.. StartOrchestrationOptionsExtensions.ValidDedupeStatuses.Select(status => status.ToString())];

    private const string CursorMark = "after:";

    public async Task<StartOutcome> StartAsync(AcceptedTask task, CancellationToken cancellationToken)
    {
        var taskId = task.Spec.TaskId;
        var identity = TaskIdentity.Of(task, fingerprint);
        if (await FindAsync(taskId, cancellationToken) is { } existing)
            return Compare(existing, task.Spec, identity);

        // Secrets under a name of their own: of two requests that race for an id, the loser's never meet the winner's.
        var startId = Guid.NewGuid().ToString("n");
        var reference = task.Secrets.All.Any() ? $"{taskId}.{startId}" : null;
        if (reference is not null)
            await secrets.PutAsync(reference, task.Secrets, cancellationToken);
        var input = new OrchestrationInput(task.Spec, identity, reference, startId);
        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(
                CodingOrchestrator.Name, input, new StartOrchestrationOptions(taskId) { DedupeStatuses = AnyStatus }, cancellationToken);
        }
        catch (Exception exception) when (exception is not OperationCanceledException || !cancellationToken.IsCancellationRequested)
        {
            // The id was taken in between, or the hub had trouble, perhaps after it had taken ours. The hub itself says which.
            var winner = await FindAsync(taskId, cancellationToken);
            if (winner?.Input.StartId != startId)
            {
                if (reference is not null)
                    await secrets.DeleteAsync(reference, CancellationToken.None);
                return winner is null
                    ? throw new FailureException(FailureCodes.StorageUnavailable, "The task hub did not take the task; nothing was begun. Send it again.", exception)
                    : Compare(winner, task.Spec, identity);
            }
        }

        var started = await FindAsync(taskId, cancellationToken);
        // Another's instance under our id: what was put away for ours is nobody's.
        if (reference is not null && started is not null && started.Input.StartId != startId)
            await secrets.DeleteAsync(reference, CancellationToken.None);
        return started is { } instance && instance.Input.StartId != startId
            ? Compare(instance, task.Spec, identity)
            : new(StartKind.Started, started?.Record() ?? TaskInstance.Pending(input), []);
    }

    public async Task<TaskRecord?> GetAsync(string taskId, CancellationToken cancellationToken) =>
        (await FindAsync(taskId, cancellationToken))?.Record();

    public async Task<TaskPage> ListAsync(int limit, string? cursor, CancellationToken cancellationToken)
    {
        var token = TokenOf(cursor);
        var query = new OrchestrationQuery { PageSize = limit, FetchInputsAndOutputs = true, ContinuationToken = token };
        await foreach (var page in client.GetAllInstancesAsync(query).AsPages(token, limit).WithCancellation(cancellationToken))
        {
            var tasks = page.Values.Select(TaskInstance.Of).OfType<TaskInstance>().Select(instance => instance.Record());
            return new([.. tasks.OrderByDescending(task => task.CreatedAt)], CursorOf(page.ContinuationToken));
        }

        return new([], null);
    }

    public Task<IReadOnlyList<TaskEvent>> GetEventsAsync(string taskId, int after, CancellationToken cancellationToken) =>
        events.ReadAsync(taskId, after, cancellationToken);

    public async Task<CancelOutcome> CancelAsync(string taskId, string? reason, CancellationToken cancellationToken)
    {
        if (await FindAsync(taskId, cancellationToken) is not { } instance)
            return CancelOutcome.NotFound;
        if (instance.HasEnded)
            return CancelOutcome.AlreadyEnded;
        // The mailbox ends what runs, the event the workflow. Either alone would do it in the end.
        await client.Entities.SignalEntityAsync(TaskMailbox.IdOf(instance.Input.StartId), TaskMailbox.CancelOperation, cancellation: cancellationToken);
        await client.RaiseEventAsync(taskId, WorkflowEvents.Cancel, new CancelRequest(await CancelReasonAsync(instance, reason, cancellationToken)), cancellationToken);
        return CancelOutcome.Requested;
    }

    public async Task<SendOutcome> ApproveAsync(string taskId, ApprovalDecision decision, CancellationToken cancellationToken)
    {
        if (await FindAsync(taskId, cancellationToken) is not { } instance)
            return SendOutcome.NotFound;
        if (instance.HasEnded)
            return SendOutcome.AlreadyEnded;
        var redacted = decision.Comment is { } comment ? decision with { Comment = await RedactAsync(instance, comment, cancellationToken) } : decision;
        await client.RaiseEventAsync(taskId, WorkflowEvents.Approval, redacted, cancellationToken);
        return SendOutcome.Sent;
    }

    public async Task<SendOutcome> SendMessageAsync(string taskId, string text, CancellationToken cancellationToken)
    {
        if (await FindAsync(taskId, cancellationToken) is not { } instance)
            return SendOutcome.NotFound;
        if (instance.HasEnded)
            return SendOutcome.AlreadyEnded;
        var mailbox = TaskMailbox.IdOf(instance.Input.StartId);
        if (await client.Entities.GetEntityAsync<MailboxState>(mailbox, cancellationToken) is { IncludesState: true } kept && kept.State.Messages.Count >= TaskMessage.MostOfTask)
            return SendOutcome.TooMany;
        var redacted = await RedactAsync(instance, text, cancellationToken);
        await client.Entities.SignalEntityAsync(mailbox, TaskMailbox.SendOperation, redacted, cancellation: cancellationToken);
        return SendOutcome.Sent;
    }

    public async Task<DeleteOutcome> DeleteAsync(string taskId, CancellationToken cancellationToken)
    {
        if (await FindAsync(taskId, cancellationToken) is not { } instance)
            return DeleteOutcome.NotFound;
        if (!instance.HasEnded)
            return DeleteOutcome.Running;
        // The instance goes last: where one of these fails, the task is still there to be deleted again.
        if (instance.Input.SecretsReference is { } reference)
            await secrets.DeleteAsync(reference, cancellationToken);
        await client.Entities.SignalEntityAsync(TaskMailbox.IdOf(instance.Input.StartId), TaskMailbox.DeleteOperation, cancellation: cancellationToken);
        // These go by the task's id. Another removal may have been faster, and the id begun anew.
        if (!await IsStillAsync(instance, cancellationToken))
            return DeleteOutcome.NotFound;
        await workspaces.DeleteAsync(taskId, cancellationToken);
        if (!await IsStillAsync(instance, cancellationToken))
            return DeleteOutcome.NotFound;
        await client.PurgeInstanceAsync(taskId, cancellation: cancellationToken);
        return DeleteOutcome.Deleted;
    }

    public Task CheckAsync(CancellationToken cancellationToken) => probe.CheckAsync(stop => client.GetInstanceAsync("health", stop), cancellationToken);

    /// <summary>
    /// Removes tasks that ended before a time, with their workspaces and what a kill left of them. Returns how many.
    /// </summary>
    public async Task<int> PurgeAsync(DateTimeOffset endedBefore, CancellationToken cancellationToken)
    {
        var purged = 0;
        var query = new OrchestrationQuery
        {
            CreatedTo = endedBefore,
            Statuses = [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated],
        };
        await foreach (var metadata in client.GetAllInstancesAsync(query).WithCancellation(cancellationToken))
        {
            if (metadata.Name != CodingOrchestrator.Name || metadata.LastUpdatedAt >= endedBefore)
                continue;
            try
            {
                if (await DeleteAsync(metadata.InstanceId, cancellationToken) == DeleteOutcome.Deleted)
                    purged++;
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                logger.LogWarning("The old task {TaskId} could not be removed yet: {Message}", metadata.InstanceId, exception.Message);
            }
        }

        return purged;
    }

    /// <summary>Whether secrets under a reference may still be needed.</summary>
    public async Task<bool> IsInUseAsync(string reference, CancellationToken cancellationToken)
    {
        var dot = reference.LastIndexOf('.');
        // Not put away by this host, which names them "task.start": not this host's to delete either.
        if (dot <= 0 || !Guid.TryParseExact(reference[(dot + 1)..], "n", out _))
            return true;
        var taskId = reference[..dot];
        return await FindAsync(taskId, cancellationToken) is { HasEnded: false } instance && instance.Input.SecretsReference == reference;
    }

    // People quote tokens, and the hub is kept in clear.
    private async Task<string> RedactAsync(TaskInstance instance, string text, CancellationToken cancellationToken)
    {
        var known = instance.Input.SecretsReference is { } reference ? await secrets.GetAsync(reference, cancellationToken) : TaskSecrets.None;
        return SecretRedactor.For(options, known).Redact(text);
    }

    // A task must end also where its secrets can't be read; then nobody knows what to take out of the reason.
    private async Task<string?> CancelReasonAsync(TaskInstance instance, string? reason, CancellationToken cancellationToken)
    {
        try
        {
            return reason is null ? null : await RedactAsync(instance, reason, cancellationToken);
        }
        catch (FailureException exception)
        {
            logger.LogWarning("The reason to cancel task {TaskId} is not kept: {Failure}", instance.Input.Spec.TaskId, exception.Failure.ToString());
            return null;
        }
    }

    private async Task<bool> IsStillAsync(TaskInstance instance, CancellationToken cancellationToken) =>
        (await FindAsync(instance.Metadata.InstanceId, cancellationToken))?.Input.StartId == instance.Input.StartId;

    private async Task<TaskInstance?> FindAsync(string taskId, CancellationToken cancellationToken) =>
        await client.GetInstanceAsync(taskId, getInputsAndOutputs: true, cancellationToken) is { } metadata ? TaskInstance.Of(metadata) : null;

    // Some hubs take any token and begin again from the start; the mark tells those apart that this host gave.
    private static string? TokenOf(string? cursor)
    {
        if (cursor is null)
            return null;
        var text = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(cursor));
        return text.StartsWith(CursorMark, StringComparison.Ordinal) ? text[CursorMark.Length..] : throw new FormatException("The cursor is none of this host's.");
    }

    private static string? CursorOf(string? token) =>
        string.IsNullOrEmpty(token) ? null : Base64Url.EncodeToString(Encoding.UTF8.GetBytes(CursorMark + token));

    private static StartOutcome Compare(TaskInstance existing, TaskSpec wanted, TaskIdentity sent)
    {
        var differences = existing.Input.Identity.Differences(existing.Input.Spec, sent, wanted);
        return new(differences.Count == 0 ? StartKind.Same : StartKind.Conflict, existing.Record(), differences);
    }
}
