using AiCoder.Core;
using Microsoft.Data.Sqlite;

namespace AiCoder.Embedded.Journal;

/// <summary>The statements on <c>history</c>.</summary>
internal static class HistoryTable
{
    private static readonly Dictionary<HistoryEventKind, string> Names =
        Enum.GetValues<HistoryEventKind>().ToDictionary(kind => kind, AiCoderJson.NameOf);

    private static readonly Dictionary<string, HistoryEventKind> Kinds = Names.ToDictionary(pair => pair.Value, pair => pair.Key);

    public static void Append(JournalConnection connection, long task, HistoryEvent recorded) => connection.Execute(
        "INSERT INTO history (task, sequence, kind, step, name, payload, at) VALUES ($task, $sequence, $kind, $step, $name, $payload, $at)",
        ("$task", task), ("$sequence", recorded.Sequence), ("$kind", Names[recorded.Kind]), ("$step", recorded.Step),
        ("$name", recorded.Name), ("$payload", recorded.Payload), ("$at", ToMilliseconds(recorded.At)));

    public static List<HistoryEvent> Read(JournalConnection connection, long task) => connection.Query(
        "SELECT sequence, kind, step, name, payload, at FROM history WHERE task = $task ORDER BY sequence", Read, ("$task", task));

    /// <summary>The inputs of an activity's calls, in the order in which the workflow asked for them.</summary>
    public static List<string> InputsOf(JournalConnection connection, long task, string activity) => connection.Query(
        "SELECT payload FROM history WHERE task = $task AND kind = $kind AND name = $name ORDER BY sequence",
        row => row.GetString(0),
        ("$task", task), ("$kind", Names[HistoryEventKind.ActivityScheduled]), ("$name", activity));

    /// <summary>The number of the last event; 0 where there is none.</summary>
    public static long LastSequence(JournalConnection connection, long task) =>
        connection.Scalar<long>("SELECT max(sequence) FROM history WHERE task = $task", ("$task", task));

    public static long ToMilliseconds(DateTime time) => new DateTimeOffset(time, TimeSpan.Zero).ToUnixTimeMilliseconds();

    public static DateTime FromMilliseconds(long time) => DateTimeOffset.FromUnixTimeMilliseconds(time).UtcDateTime;

    private static HistoryEvent Read(SqliteDataReader row) => new(
        row.GetInt64(0),
        Kinds[row.GetString(1)],
        row.IsDBNull(2) ? null : row.GetInt32(2),
        row.IsDBNull(3) ? null : row.GetString(3),
        row.IsDBNull(4) ? null : row.GetString(4),
        FromMilliseconds(row.GetInt64(5)));
}
