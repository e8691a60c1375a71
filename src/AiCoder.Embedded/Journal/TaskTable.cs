using AiCoder.Embedded.Leases;
using Microsoft.Data.Sqlite;

namespace AiCoder.Embedded.Journal;

/// <summary>The statements on <c>tasks</c>.</summary>
internal static class TaskTable
{
    private const string Columns =
        "number, id, repository, spec, request_fingerprint, secret_fingerprint, state, custom_status, result, created_at, updated_at, ended_at, owner, claim, has_secrets";

    public static TaskRow? Find(JournalConnection connection, string id) =>
        connection.Query($"SELECT {Columns} FROM tasks WHERE id = $id", Read, ("$id", id)).SingleOrDefault();

    /// <summary>Tasks, the newest first.</summary>
    public static List<TaskRow> List(JournalConnection connection, int limit, long? before) => connection.Query(
        $"SELECT {Columns} FROM tasks WHERE number < $before AND state NOT IN ('{RowState.Reserved}', '{RowState.Unconfirmed}') ORDER BY number DESC LIMIT $limit",
        Read, ("$before", before ?? long.MaxValue), ("$limit", limit));

    /// <summary>Every task that has not ended, the oldest first.</summary>
    public static List<TaskRow> Open(JournalConnection connection) =>
        connection.Query($"SELECT {Columns} FROM tasks WHERE ended_at IS NULL ORDER BY number", Read);

    /// <summary>Every task that nobody sees yet, the oldest first.</summary>
    public static List<TaskRow> Reserved(JournalConnection connection) => connection.Query(
        $"SELECT {Columns} FROM tasks WHERE state IN ('{RowState.Reserved}', '{RowState.Unconfirmed}') ORDER BY number", Read);

    /// <summary>Ended tasks whose secrets may still be there.</summary>
    public static List<TaskRow> EndedWithSecrets(JournalConnection connection) =>
        connection.Query($"SELECT {Columns} FROM tasks WHERE has_secrets = 1 AND ended_at IS NOT NULL", Read);

    /// <summary>Tasks that ended before a time and whose workspace is still there.</summary>
    public static List<TaskRow> WithOldWorkspace(JournalConnection connection, long endedBefore) => connection.Query(
        $"SELECT {Columns} FROM tasks WHERE workspace_removed = 0 AND ended_at < $before", Read, ("$before", endedBefore));

    public static void Insert(JournalConnection connection, TaskRow row) => connection.Execute(
        """
        INSERT INTO tasks (id, repository, spec, request_fingerprint, secret_fingerprint, state, created_at, updated_at, owner, claim, has_secrets)
        VALUES ($id, $repository, $spec, $request, $secret, $state, $at, $at, $owner, $claim, $secrets)
        """,
        ("$id", row.Id), ("$repository", row.Repository), ("$spec", row.Spec), ("$request", row.RequestFingerprint),
        ("$secret", row.SecretFingerprint), ("$state", row.State), ("$at", row.CreatedAt), ("$owner", row.Owner),
        ("$claim", row.Claim), ("$secrets", row.HasSecrets ? 1 : 0));

    /// <summary>Gives a task to an owner, and fences off the one before.</summary>
    public static TaskClaim Claim(JournalConnection connection, TaskRow row, string owner)
    {
        var claim = row.Claim + 1;
        connection.Execute(
            "UPDATE tasks SET owner = $owner, claim = $claim WHERE number = $number",
            ("$owner", owner), ("$claim", claim), ("$number", row.Number));
        return new TaskClaim(row.Number, row.Id, owner, claim);
    }

    /// <summary>Lets go of a task. Does nothing where it has changed hands; its end is such a change.</summary>
    public static void Release(JournalConnection connection, TaskClaim claim) => connection.Execute(
        "UPDATE tasks SET owner = NULL WHERE number = $number AND owner = $owner AND claim = $claim",
        ("$number", claim.Task), ("$owner", claim.Owner), ("$claim", claim.Claim));

    /// <summary>Lets go of every task of an owner.</summary>
    public static void ReleaseAll(JournalConnection connection, string owner) =>
        connection.Execute("UPDATE tasks SET owner = NULL WHERE owner = $owner", ("$owner", owner));

    /// <summary>Marks the task as touched, which is how every write about it begins.</summary>
    /// <exception cref="LeaseLostException">It has changed hands or has ended.</exception>
    public static void Fence(JournalConnection connection, TaskClaim claim, long now)
    {
        var rows = connection.Execute(
            "UPDATE tasks SET updated_at = $now WHERE number = $number AND owner = $owner AND claim = $claim AND ended_at IS NULL",
            ("$now", now), ("$number", claim.Task), ("$owner", claim.Owner), ("$claim", claim.Claim));
        if (rows == 0)
            throw new LeaseLostException(claim.TaskId);
    }

    public static void SetState(JournalConnection connection, long task, string state) =>
        connection.Execute("UPDATE tasks SET state = $state WHERE number = $number", ("$state", state), ("$number", task));

    public static void SetCustomStatus(JournalConnection connection, long task, string? status) => connection.Execute(
        "UPDATE tasks SET custom_status = $status WHERE number = $number", ("$status", status), ("$number", task));

    /// <summary>Ends a task. Nobody owns it any more.</summary>
    public static void End(JournalConnection connection, long task, string state, string result, long now) => connection.Execute(
        "UPDATE tasks SET state = $state, result = $result, ended_at = $now, updated_at = $now, owner = NULL, claim = claim + 1 WHERE number = $number",
        ("$state", state), ("$result", result), ("$now", now), ("$number", task));

    public static void SecretsDeleted(JournalConnection connection, long task) =>
        connection.Execute("UPDATE tasks SET has_secrets = 0 WHERE number = $number", ("$number", task));

    public static void WorkspaceRemoved(JournalConnection connection, long task) =>
        connection.Execute("UPDATE tasks SET workspace_removed = 1 WHERE number = $number", ("$number", task));

    /// <summary>The numbers and claims of the tasks an owner has.</summary>
    public static List<(long Task, long Claim)> OwnedBy(JournalConnection connection, string owner) => connection.Query(
        "SELECT number, claim FROM tasks WHERE owner = $owner AND ended_at IS NULL", row => (row.GetInt64(0), row.GetInt64(1)), ("$owner", owner));

    /// <summary>Removes a task and everything about it.</summary>
    public static void Delete(JournalConnection connection, long task)
    {
        connection.Execute("DELETE FROM history WHERE task = $task", ("$task", task));
        connection.Execute("DELETE FROM inbox WHERE task = $task", ("$task", task));
        connection.Execute("DELETE FROM tasks WHERE number = $task", ("$task", task));
    }

    private static TaskRow Read(SqliteDataReader row) => new(
        row.GetInt64(0),
        row.GetString(1),
        row.GetString(2),
        row.GetString(3),
        row.GetString(4),
        row.GetString(5),
        row.GetString(6),
        row.IsDBNull(7) ? null : row.GetString(7),
        row.IsDBNull(8) ? null : row.GetString(8),
        row.GetInt64(9),
        row.GetInt64(10),
        row.IsDBNull(11) ? null : row.GetInt64(11),
        row.IsDBNull(12) ? null : row.GetString(12),
        row.GetInt64(13),
        row.GetInt64(14) != 0);
}
