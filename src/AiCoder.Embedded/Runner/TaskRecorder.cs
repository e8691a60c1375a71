using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.Replay;

namespace AiCoder.Embedded.Runner;

/// <summary>
/// Writes one task's history, each call one transaction that is on the disk when it returns, and none once the task has changed
/// hands. Used by one runner, one call at a time.
/// </summary>
internal sealed class TaskRecorder(RunnerServices services, TaskClaim claim)
{
    // A journal that another process holds for long, or a disk that stutters, is asked again; the task is worth the wait.
    private static readonly TimeSpan[] RetryDelays = [TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(9)];

    private long _sequence;
    private long _at;
    private string? _customStatus;

    /// <summary>What is recorded so far, and whether the task was asked to cancel.</summary>
    public async Task<(IReadOnlyList<HistoryEvent> History, bool CancelWasSent)> LoadAsync(string cancelEvent)
    {
        var (history, status, cancelled) = await services.Journal.ReadAsync(connection => (
            HistoryTable.Read(connection, claim.Task),
            TaskTable.Find(connection, claim.TaskId)?.CustomStatus,
            InboxTable.WasSent(connection, claim.Task, cancelEvent))).ConfigureAwait(false);
        _customStatus = status;
        if (history.Count > 0)
            (_sequence, _at) = (history[^1].Sequence, HistoryTable.ToMilliseconds(history[^1].At));
        return (history, cancelled);
    }

    /// <summary>External events that are not recorded yet.</summary>
    public Task<List<InboxItem>> ReadInboxAsync() =>
        services.Journal.ReadAsync(connection => InboxTable.Waiting(connection, claim.Task));

    /// <summary>Records what a turn asked for and the event that leads to the next, whichever there are.</summary>
    /// <returns>The event as it was recorded.</returns>
    public async Task<HistoryEvent?> RecordAsync(IReadOnlyList<WorkflowStep> asked, Arrival? arrival, string? customStatus)
    {
        var statusChanged = customStatus != _customStatus;
        if (asked.Count == 0 && arrival is null && !statusChanged)
            return null;

        var events = Steps(asked);
        HistoryEvent? incoming = null;
        if (arrival is not null)
        {
            incoming = Next(arrival.Kind, arrival.Step, arrival.Name, arrival.Payload, arrival.NotBefore);
            events.Add(incoming);
        }

        await WriteAsync(connection =>
        {
            foreach (var recorded in events)
                HistoryTable.Append(connection, claim.Task, recorded);
            if (arrival?.InboxNumber is { } number)
                InboxTable.Take(connection, number);
            if (arrival?.Kind == HistoryEventKind.TaskStarted)
                TaskTable.SetState(connection, claim.Task, RowState.Running);
            if (statusChanged)
                TaskTable.SetCustomStatus(connection, claim.Task, customStatus);
        }).ConfigureAwait(false);

        _customStatus = customStatus;
        Announce(events);
        if (statusChanged)
            services.Publish(new(claim.TaskId, HistoryTable.FromMilliseconds(_at), Status: StatusReader.Read(customStatus)));
        return incoming;
    }

    /// <summary>Records the result and, before it, what the last turn asked for.</summary>
    public async Task EndAsync(IReadOnlyList<WorkflowStep> asked, TaskResult result, string? customStatus)
    {
        var json = JsonSerializer.Serialize(result, AiCoderJson.Options);
        var events = Steps(asked);
        events.Add(Next(HistoryEventKind.TaskEnded, null, null, json));
        await WriteAsync(connection =>
        {
            foreach (var recorded in events)
                HistoryTable.Append(connection, claim.Task, recorded);
            TaskTable.SetCustomStatus(connection, claim.Task, customStatus);
            TaskEnding.Record(connection, claim.Task, result.Status, json, _at);
        }).ConfigureAwait(false);
        Announce(events);
        services.Publish(new(claim.TaskId, HistoryTable.FromMilliseconds(_at), Result: result));
    }

    private List<HistoryEvent> Steps(IReadOnlyList<WorkflowStep> asked) =>
        [.. asked.Select(step => Next(step.Kind, step.Step, step.Name, step.Payload))];

    private HistoryEvent Next(HistoryEventKind kind, int? step, string? name, string? payload, DateTime? notBefore = null)
    {
        _at = Math.Max(_at, services.Journal.Now);
        // A timer never fires before its time in the workflow's eyes, whatever the machine's clock did meanwhile.
        if (notBefore is { } time)
            _at = Math.Max(_at, HistoryTable.ToMilliseconds(time));
        return new HistoryEvent(++_sequence, kind, step, name, payload, HistoryTable.FromMilliseconds(_at));
    }

    private async Task WriteAsync(Action<JournalConnection> write)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await services.Journal.WriteAsync(connection =>
                {
                    TaskTable.Fence(connection, claim, _at);
                    write(connection);
                    return true;
                }).ConfigureAwait(false);
                return;
            }
            catch (FailureException exception) when (exception.Failure.Retryable && attempt < RetryDelays.Length)
            {
                await Task.Delay(RetryDelays[attempt], services.Time).ConfigureAwait(false);
            }
        }
    }

    private void Announce(List<HistoryEvent> events)
    {
        foreach (var recorded in events)
            services.Recorded(claim.TaskId, recorded);
    }
}
