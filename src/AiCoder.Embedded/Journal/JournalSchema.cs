using AiCoder.Core.Failures;

namespace AiCoder.Embedded.Journal;

/// <summary>
/// The journal's tables. A version that has shipped never changes: a new one is added to <see cref="Versions"/>, and a journal
/// is brought up to date when it is opened (<c>PRAGMA user_version</c> says where it is).
/// </summary>
internal static class JournalSchema
{
    /// <summary>What leads from each version to the next, from version 0, an empty file.</summary>
    public static IReadOnlyList<string> Versions { get; } =
    [
        // Times are unix milliseconds. An owner is one process; its lease covers all tasks it owns, so that renewing costs one
        // write however many they are. A task's claim grows whenever it changes hands: it fences off the owner before.
        """
        CREATE TABLE owners (
            id TEXT PRIMARY KEY,
            host TEXT NOT NULL,
            boot TEXT,
            pid_namespace TEXT,
            pid INTEGER NOT NULL,
            started INTEGER NOT NULL,
            expires_at INTEGER NOT NULL
        ) STRICT;

        CREATE TABLE tasks (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            repository TEXT NOT NULL,
            spec TEXT NOT NULL,
            request_fingerprint TEXT NOT NULL,
            secret_fingerprint TEXT NOT NULL,
            state TEXT NOT NULL,
            custom_status TEXT,
            result TEXT,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            ended_at INTEGER,
            owner TEXT,
            claim INTEGER NOT NULL DEFAULT 0,
            has_secrets INTEGER NOT NULL DEFAULT 0,
            workspace_removed INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX tasks_open ON tasks (owner) WHERE ended_at IS NULL;
        CREATE INDEX tasks_secrets ON tasks (number) WHERE has_secrets = 1;
        CREATE INDEX tasks_workspaces ON tasks (ended_at) WHERE workspace_removed = 0;

        CREATE TABLE history (
            task INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            kind TEXT NOT NULL,
            step INTEGER,
            name TEXT,
            payload TEXT,
            at INTEGER NOT NULL,
            PRIMARY KEY (task, sequence)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE inbox (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            task INTEGER NOT NULL,
            kind TEXT NOT NULL,
            name TEXT,
            payload TEXT,
            at INTEGER NOT NULL,
            taken INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX inbox_task ON inbox (task, number);
        CREATE INDEX inbox_waiting ON inbox (task) WHERE taken = 0;
        """,

        // By its id a journal is known outside of it: to servers that share a queue and each have their own.
        """
        CREATE TABLE meta (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        INSERT INTO meta (name, value) VALUES ('journal_id', lower(hex(randomblob(16))));
        CREATE INDEX tasks_reserved ON tasks (number) WHERE state IN ('reserved', 'unconfirmed');
        """,
    ];

    /// <summary>Brings a journal up to the last of the versions.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>: a newer AiCoder wrote it.</exception>
    public static void Upgrade(JournalConnection connection, string path, IReadOnlyList<string> versions)
    {
        if (Version(connection) == versions.Count)
            return;

        connection.InTransaction(() =>
        {
            // Looked at again: another process may have upgraded while this one waited.
            var version = Version(connection);
            if (version > versions.Count)
                throw new FailureException(
                    FailureCodes.Configuration,
                    $"The journal {path} was written by a newer AiCoder (schema {version}; this one knows {versions.Count}). Use that version, or set STATE_DIR to another folder.");
            foreach (var statements in versions.Skip(version))
                connection.ExecuteScript(statements);
            connection.ExecuteScript($"PRAGMA user_version = {versions.Count}");
            return true;
        });
    }

    private static int Version(JournalConnection connection) => (int)connection.Scalar<long>("PRAGMA user_version");
}
