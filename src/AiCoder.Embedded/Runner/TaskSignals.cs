using System.Diagnostics.CodeAnalysis;
using AiCoder.Core.Activities;
using AiCoder.Embedded.Journal;

namespace AiCoder.Embedded.Runner;

/// <summary>Cancel and messages of one task, out of its inbox in the journal.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The token holds neither timer nor handle, and an activity may look at it after the task's end.")]
internal sealed class TaskSignals(TaskJournal journal, long task) : ITaskSignals
{
    private readonly CancellationTokenSource _cancelled = new();

    public CancellationToken Cancelled => _cancelled.Token;

    public Task CancelAsync() => _cancelled.CancelAsync();

    public async Task<IReadOnlyList<TaskMessage>> ReadMessagesAsync(long after, CancellationToken cancellationToken) =>
        await journal.ReadAsync(connection => InboxTable.Messages(connection, task, after), cancellationToken).ConfigureAwait(false);
}
