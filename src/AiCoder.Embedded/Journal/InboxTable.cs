using AiCoder.Core.Activities;
using Microsoft.Data.Sqlite;

namespace AiCoder.Embedded.Journal;

/// <summary>Something that was sent to a task: an external event, or a message for a running activity.</summary>
/// <param name="Number">Its number; later ones are higher.</param>
/// <param name="Kind">One of <see cref="InboxTable"/>'s kinds.</param>
/// <param name="Name">The external event's name.</param>
/// <param name="Payload">JSON, or a message's text.</param>
internal sealed record InboxItem(long Number, string Kind, string? Name, string? Payload);

/// <summary>The statements on <c>inbox</c>.</summary>
internal static class InboxTable
{
    public const string Event = "event";
    public const string Message = "message";

    public static void Add(JournalConnection connection, long task, string kind, string? name, string? payload, long now) => connection.Execute(
        "INSERT INTO inbox (task, kind, name, payload, at, taken) VALUES ($task, $kind, $name, $payload, $at, $taken)",
        ("$task", task), ("$kind", kind), ("$name", name), ("$payload", payload), ("$at", now),
        // Messages are read by number and never move into the history.
        ("$taken", kind == Message ? 1 : 0));

    /// <summary>External events that are not in the history yet.</summary>
    public static List<InboxItem> Waiting(JournalConnection connection, long task) => connection.Query(
        "SELECT number, kind, name, payload FROM inbox WHERE task = $task AND taken = 0 ORDER BY number", Read, ("$task", task));

    /// <summary>The tasks that have external events waiting.</summary>
    public static List<long> TasksWithWaiting(JournalConnection connection) =>
        connection.Query("SELECT DISTINCT task FROM inbox WHERE taken = 0", row => row.GetInt64(0));

    public static void Take(JournalConnection connection, long number) =>
        connection.Execute("UPDATE inbox SET taken = 1 WHERE number = $number", ("$number", number));

    /// <summary>Of a task that has ended: nothing more will be handed to it.</summary>
    public static void TakeAll(JournalConnection connection, long task) =>
        connection.Execute("UPDATE inbox SET taken = 1 WHERE task = $task AND taken = 0", ("$task", task));

    /// <summary>Whether an event of that name was ever sent.</summary>
    public static bool WasSent(JournalConnection connection, long task, string name) => connection.Scalar<long>(
        "SELECT EXISTS (SELECT 1 FROM inbox WHERE task = $task AND name = $name)", ("$task", task), ("$name", name)) != 0;

    /// <summary>How many of a kind a task was ever sent.</summary>
    public static long Count(JournalConnection connection, long task, string kind) => connection.Scalar<long>(
        "SELECT COUNT(*) FROM inbox WHERE task = $task AND kind = $kind", ("$task", task), ("$kind", kind));

    public static List<TaskMessage> Messages(JournalConnection connection, long task, long after) => connection.Query(
        $"SELECT number, payload FROM inbox WHERE task = $task AND number > $after AND kind = '{Message}' ORDER BY number",
        row => new TaskMessage(row.GetInt64(0), row.GetString(1)), ("$task", task), ("$after", after));

    private static InboxItem Read(SqliteDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3));
}
