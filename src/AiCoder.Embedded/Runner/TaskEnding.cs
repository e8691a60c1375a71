using AiCoder.Core.Tasks;
using AiCoder.Embedded.Journal;

namespace AiCoder.Embedded.Runner;

/// <summary>The end of a task in the journal, part of a transaction.</summary>
internal static class TaskEnding
{
    public static void Record(JournalConnection connection, long task, TaskState status, string result, long now)
    {
        TaskTable.End(connection, task, StateOf(status), result, now);
        InboxTable.TakeAll(connection, task);
    }

    private static string StateOf(TaskState status) => status switch
    {
        TaskState.Completed => RowState.Completed,
        TaskState.Cancelled => RowState.Cancelled,
        _ => RowState.Failed,
    };
}
