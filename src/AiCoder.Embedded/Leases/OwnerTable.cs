using AiCoder.Embedded.Journal;
using Microsoft.Data.Sqlite;

namespace AiCoder.Embedded.Leases;

/// <summary>The statements on <c>owners</c>.</summary>
internal static class OwnerTable
{
    private const string Columns = "id, host, boot, pid_namespace, pid, started, expires_at";

    public static Owner? Find(JournalConnection connection, string id) =>
        connection.Query($"SELECT {Columns} FROM owners WHERE id = $id", Read, ("$id", id)).SingleOrDefault();

    /// <summary>Registers an owner, or moves its lease on.</summary>
    public static void Put(JournalConnection connection, Owner owner) => connection.Execute(
        $"""
        INSERT INTO owners ({Columns}) VALUES ($id, $host, $boot, $namespace, $pid, $started, $expires)
        ON CONFLICT (id) DO UPDATE SET expires_at = excluded.expires_at
        """,
        ("$id", owner.Id), ("$host", owner.Process.Host), ("$boot", owner.Process.Boot), ("$namespace", owner.Process.PidNamespace),
        ("$pid", owner.Process.Pid), ("$started", owner.Process.Started), ("$expires", owner.ExpiresAt));

    public static void Delete(JournalConnection connection, string id) =>
        connection.Execute("DELETE FROM owners WHERE id = $id", ("$id", id));

    /// <summary>Forgets the owners that died and own nothing any more.</summary>
    public static void DeleteDead(JournalConnection connection, long now)
    {
        var idle = connection.Query(
            $"SELECT {Columns} FROM owners WHERE id NOT IN (SELECT owner FROM tasks WHERE ended_at IS NULL AND owner IS NOT NULL)", Read);
        foreach (var owner in idle.Where(owner => !owner.IsLive(now)))
            Delete(connection, owner.Id);
    }

    private static Owner Read(SqliteDataReader row) => new(
        row.GetString(0),
        new ProcessIdentity(
            row.GetString(1), row.IsDBNull(2) ? null : row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3), row.GetInt32(4), row.GetInt64(5)),
        row.GetInt64(6));
}
