using AiCoder.Core.Failures;
using Microsoft.Data.Sqlite;
using static SQLitePCL.raw;

namespace AiCoder.Embedded.Journal;

/// <summary>Which failure an error of SQLite stands for (codes: https://sqlite.org/rescode.html).</summary>
internal static class JournalFailures
{
    // Less than this free, and an I/O error was the disk being full: not every write that fails for space is reported as such.
    private const long AlmostNothing = 256 * 1024;

    public static FailureException From(SqliteException exception, string path) => exception.SqliteErrorCode switch
    {
        SQLITE_FULL => DiskFull(exception, path),
        SQLITE_IOERR when IsAlmostFull(path) => DiskFull(exception, path),
        SQLITE_BUSY or SQLITE_LOCKED => new(
            FailureCodes.StorageUnavailable,
            $"The journal {path} is held by another process and did not become free in time. Find out which one hangs, or try again.",
            exception),
        SQLITE_CORRUPT or SQLITE_NOTADB => new(
            Final(FailureCodes.StorageUnavailable, $"The journal {path} is damaged ({exception.Message}) Move it away and start again, or restore a copy of it; workspaces and pushed commits are not touched by that."),
            exception),
        SQLITE_READONLY or SQLITE_CANTOPEN or SQLITE_PERM or SQLITE_AUTH => new(
            FailureCodes.Configuration,
            $"The journal {path} can't be opened for writing ({exception.Message}) Give the user that runs AiCoder the right to write in its folder, or set STATE_DIR to another.",
            exception),
        SQLITE_IOERR => new(
            FailureCodes.StorageUnavailable, $"The journal {path} can't be read or written: {exception.Message} Look at the disk.", exception),
        _ => new(FailureCodes.Unhandled, $"The journal {path} answered: {exception.Message}", exception),
    };

    private static FailureException DiskFull(SqliteException exception, string path) => new(
        FailureCodes.DiskFull,
        $"No space is left for the journal {path}. Free some, or set STATE_DIR to another disk; then resume the task, nothing is lost.",
        exception);

    private static Failure Final(string code, string message) => Failure.Of(code, message) with { Retryable = false };

    private static bool IsAlmostFull(string path)
    {
        try
        {
            return new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace < AlmostNothing;
        }
        catch (IOException)
        {
            // A disk that can't even be asked is broken, not full.
            return false;
        }
    }
}
