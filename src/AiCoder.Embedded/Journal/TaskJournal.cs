using AiCoder.Core.Failures;
using Microsoft.Data.Sqlite;

namespace AiCoder.Embedded.Journal;

/// <summary>
/// The SQLite file that holds every task of a machine: <c>journal.db</c> in STATE_DIR. Several processes may share it. What a
/// write returned from is on the disk (write-ahead log, <c>synchronous=FULL</c>).
/// </summary>
internal sealed class TaskJournal : IDisposable
{
    public const string FileName = "journal.db";

    // How long SQLite waits for another process's transaction before it gives up. Ours take milliseconds.
    private static readonly TimeSpan BusyTimeout = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly JournalConnection _connection;
    private readonly TimeProvider _time;
    private bool _disposed;

    private TaskJournal(JournalConnection connection, string path, TimeProvider time) =>
        (_connection, Path, _time) = (connection, path, time);

    public string Path { get; }

    /// <summary>Now, in whole unix milliseconds.</summary>
    public long Now => _time.GetUtcNow().ToUnixTimeMilliseconds();

    /// <summary>Opens the journal, and makes folder and file where there are none, readable by this user alone.</summary>
    /// <exception cref="FailureException">
    /// <c>system/configuration</c> (network file system, no right to write, written by a newer version),
    /// <c>system/disk_full</c>, <c>system/storage_unavailable</c>.
    /// </exception>
    public static TaskJournal Open(string stateDir, TimeProvider time) => Open(stateDir, time, JournalSchema.Versions, BusyTimeout);

    /// <summary>The same with other versions of the schema, which is how a test upgrades one, and another patience.</summary>
    internal static TaskJournal Open(string stateDir, TimeProvider time, IReadOnlyList<string> versions, TimeSpan? busyTimeout = null)
    {
        var path = System.IO.Path.Combine(System.IO.Path.GetFullPath(stateDir), FileName);
        try
        {
            var directory = System.IO.Path.GetDirectoryName(path)!;
            CreateDirectory(directory);
            LocalDisk.Require(directory);
            CreateFile(path);
            var connection = Connect(path, busyTimeout ?? BusyTimeout);
            try
            {
                JournalSchema.Upgrade(connection, path, versions);
                return new TaskJournal(connection, path, time);
            }
            catch
            {
                connection.Dispose();
                throw;
            }
        }
        catch (SqliteException exception)
        {
            throw JournalFailures.From(exception, path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new FailureException(FailureMapping.From(exception), exception);
        }
    }

    /// <summary>Runs a short transaction. It is on the disk when the task completes.</summary>
    public Task<T> WriteAsync<T>(Func<JournalConnection, T> work, CancellationToken cancellationToken = default) =>
        UseAsync(connection => connection.InTransaction(() => work(connection)), cancellationToken);

    /// <summary>Runs a query, or several that need not agree with each other.</summary>
    public Task<T> ReadAsync<T>(Func<JournalConnection, T> work, CancellationToken cancellationToken = default) =>
        UseAsync(work, cancellationToken);

    /// <summary>A number that changes when another connection has written; costs next to nothing to ask.</summary>
    public Task<long> DataVersionAsync(CancellationToken cancellationToken) =>
        ReadAsync(connection => connection.Scalar<long>("PRAGMA data_version"), cancellationToken);

    public void Dispose()
    {
        // After the work under way: SQLite must not lose its connection in the middle. The gate stays for those who still wait, who then
        // learn that it is over.
        _gate.Wait();
        try
        {
            if (!_disposed)
                _connection.Dispose();
            _disposed = true;
        }
        finally
        {
            _gate.Release();
        }
    }

    private async Task<T> UseAsync<T>(Func<JournalConnection, T> work, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return work(_connection);
        }
        catch (SqliteException exception)
        {
            throw JournalFailures.From(exception, Path);
        }
        finally
        {
            _gate.Release();
        }
    }

    private static JournalConnection Connect(string path, TimeSpan busyTimeout)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = SqliteOpenMode.ReadWrite,
            // One connection lives as long as the journal; a pool would keep the file open after it.
            Pooling = false,
            DefaultTimeout = (int)busyTimeout.TotalSeconds,
        }.ToString());
        try
        {
            connection.Open();
            var journal = new JournalConnection(connection);
            journal.ExecuteScript($"PRAGMA busy_timeout = {(long)busyTimeout.TotalMilliseconds}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
            return journal;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private static void CreateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    private static void CreateFile(string path)
    {
        // Never opened beside SQLite: closing it would drop the locks that SQLite holds in this process.
        if (File.Exists(path))
            return;

        // SQLite gives the log and its index the rights of the file itself. OpenOrCreate: another process may be quicker.
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var _ = new FileStream(path, options);
    }
}
