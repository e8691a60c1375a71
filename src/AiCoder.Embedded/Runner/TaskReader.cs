using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Activities;
using AiCoder.Core.Tasks;
using AiCoder.Embedded.Journal;

namespace AiCoder.Embedded.Runner;

/// <summary>What the journal knows of tasks, whoever runs them.</summary>
internal sealed class TaskReader(TaskJournal journal)
{
    public Task<TaskRecord?> FindAsync(string taskId, CancellationToken cancellationToken) => journal.ReadAsync(
        connection => TaskTable.Find(connection, taskId) is { } row ? Record(connection, row) : null, cancellationToken);

    public Task<TaskRecord> RecordAsync(TaskRow row, CancellationToken cancellationToken) =>
        journal.ReadAsync(connection => Record(connection, row), cancellationToken);

    /// <summary>The newest first, with a number below <paramref name="before"/>.</summary>
    public Task<IReadOnlyList<TaskRecord>> ListAsync(int limit, long? before, CancellationToken cancellationToken) =>
        journal.ReadAsync<IReadOnlyList<TaskRecord>>(
            connection => [.. TaskTable.List(connection, limit, before).Select(row => Record(connection, row))], cancellationToken);

    public Task<IReadOnlyList<HistoryEvent>> HistoryAsync(string taskId, CancellationToken cancellationToken) =>
        journal.ReadAsync<IReadOnlyList<HistoryEvent>>(
            connection => TaskTable.Find(connection, taskId) is { } row ? HistoryTable.Read(connection, row.Number) : [], cancellationToken);

    /// <summary>The events whose delivery was begun, with a sequence above <paramref name="after"/>.</summary>
    public async Task<IReadOnlyList<TaskEvent>> EventsAsync(string taskId, int after, CancellationToken cancellationToken)
    {
        var deliveries = await journal.ReadAsync(
            connection => TaskTable.Find(connection, taskId) is { } row ? HistoryTable.InputsOf(connection, row.Number, ActivityNames.Notify) : [],
            cancellationToken).ConfigureAwait(false);
        return
        [
            .. deliveries
                .Select(input => JsonSerializer.Deserialize<NotifyInput>(input, AiCoderJson.Options)!)
                .Where(delivery => delivery.Attempt == 1 && delivery.Event.Sequence > after)
                .Select(delivery => delivery.Event),
        ];
    }

    private TaskRecord Record(JournalConnection connection, TaskRow row) => TaskRecords.Of(row, TaskRecords.LiveOwner(connection, row, journal.Now));
}
