using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.Replay;

namespace AiCoder.Embedded.Runner;

/// <summary>Puts what people send to tasks into the journal, whoever runs them.</summary>
internal sealed class TaskMailbox(TaskJournal journal, TaskRedaction redaction)
{
    /// <summary>Asks whoever runs a task to cancel it; ends it here where nobody does.</summary>
    /// <param name="taskId">The task.</param>
    /// <param name="reason">Why, for people.</param>
    /// <param name="waiting">The caller's claim, where it has the task and does not run it yet.</param>
    /// <param name="cancellationToken">Gives up before anything was recorded.</param>
    public async Task<(CancelOutcome Outcome, TaskRow? Row)> CancelAsync(
        string taskId, string? reason, TaskClaim? waiting, CancellationToken cancellationToken)
    {
        var told = reason is null ? null : await redaction.ReasonAsync(taskId, reason).ConfigureAwait(false);
        return await journal.WriteAsync<(CancelOutcome, TaskRow?)>(
            connection =>
            {
                if (TaskTable.Find(connection, taskId) is not { } row)
                    return (CancelOutcome.NotFound, null);
                if (row.EndedAt is not null)
                    return (CancelOutcome.AlreadyEnded, row);

                var isWaiting = waiting is not null && (waiting.Task, waiting.Claim) == (row.Number, row.Claim);
                if (!isWaiting && TaskRecords.LiveOwner(connection, row, journal.Now) is not null)
                {
                    Request(connection, row, told);
                    return (CancelOutcome.Requested, row);
                }

                End(connection, row);
                return (CancelOutcome.Cancelled, TaskTable.Find(connection, taskId));
            },
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Answers a task that awaits approval.</summary>
    public async Task<SendOutcome> ApproveAsync(string taskId, ApprovalDecision decision, CancellationToken cancellationToken)
    {
        var redacted = decision.Comment is { } comment ? decision with { Comment = await redaction.RedactAsync(taskId, comment).ConfigureAwait(false) } : decision;
        return await RaiseEventAsync(taskId, WorkflowEvents.Approval, redacted, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Sends an external event.</summary>
    /// <exception cref="FailureException">It is too large.</exception>
    public Task<SendOutcome> RaiseEventAsync(string taskId, string eventName, object? payload, CancellationToken cancellationToken) => SendAsync(
        taskId, InboxTable.Event, eventName, payload is null ? null : JsonSerializer.Serialize(payload, payload.GetType(), AiCoderJson.Options), cancellationToken);

    /// <summary>Tells a running task something.</summary>
    /// <exception cref="FailureException">It is too large.</exception>
    public async Task<SendOutcome> SendMessageAsync(string taskId, string text, CancellationToken cancellationToken) =>
        await SendAsync(taskId, InboxTable.Message, null, await redaction.RedactAsync(taskId, text).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);

    private Task<SendOutcome> SendAsync(string taskId, string kind, string? name, string? payload, CancellationToken cancellationToken)
    {
        if (payload is not null && PayloadBound.Check("What was sent to the task", payload) is { } tooLarge)
            throw new FailureException(tooLarge);
        return journal.WriteAsync(
            connection =>
            {
                if (TaskTable.Find(connection, taskId) is not { } row)
                    return SendOutcome.NotFound;
                if (row.EndedAt is not null)
                    return SendOutcome.AlreadyEnded;
                if (InboxTable.Count(connection, row.Number, kind) >= TaskMessage.MostOfTask)
                    return SendOutcome.TooMany;
                InboxTable.Add(connection, row.Number, kind, name, payload, journal.Now);
                return SendOutcome.Sent;
            },
            cancellationToken);
    }

    private void Request(JournalConnection connection, TaskRow row, string? reason)
    {
        // Asked twice is asked once.
        if (InboxTable.WasSent(connection, row.Number, WorkflowEvents.Cancel))
            return;
        var payload = JsonSerializer.Serialize(new CancelRequest(reason), AiCoderJson.Options);
        InboxTable.Add(connection, row.Number, InboxTable.Event, WorkflowEvents.Cancel, payload, journal.Now);
    }

    private void End(JournalConnection connection, TaskRow row)
    {
        var now = journal.Now;
        var result = JsonSerializer.Serialize(FailedResult.Cancelled(TaskRecords.Spec(row), StatusReader.Read(row.CustomStatus)), AiCoderJson.Options);
        var sequence = HistoryTable.LastSequence(connection, row.Number) + 1;
        HistoryTable.Append(
            connection, row.Number, new(sequence, HistoryEventKind.TaskEnded, null, null, result, HistoryTable.FromMilliseconds(now)));
        TaskEnding.Record(connection, row.Number, TaskState.Cancelled, result, now);
    }
}
