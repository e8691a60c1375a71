using System.Runtime.InteropServices;
using System.Text;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Secrets;

/// <summary>Files and folders that only their owner may read, written so that a crash leaves the old or the new, never half.</summary>
internal static class PrivateFile
{
    private const UnixFileMode FileMode600 = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode FolderMode700 = FileMode600 | UnixFileMode.UserExecute;

    /// <summary>
    /// Makes a folder of mode 0700, or gives that mode to one that is there. Where the file system keeps no modes (a share), it stays as
    /// it is: who may read there is the mount's to say.
    /// </summary>
    public static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, FolderMode700);
        if (File.GetUnixFileMode(path) == FolderMode700)
            return;
        try
        {
            File.SetUnixFileMode(path, FolderMode700);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            // EPERM, as Azure Files answers over SMB. Where a file of our own takes a mode, the folder is another user's, and secrets
            // don't go there.
            if (FileSystemTraits.Probe(path).KeepsModes)
                throw;
        }
    }

    /// <summary>Writes a file of mode 0600 in one step, on disk when this returns.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="content">What it will hold.</param>
    /// <param name="overwrite">False: throws <see cref="IOException"/> where the file is there already.</param>
    public static void Write(string path, ReadOnlySpan<byte> content, bool overwrite)
    {
        var folder = Path.GetDirectoryName(path)!;
        var temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}");
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = FileMode600;
            using (var stream = new FileStream(temporary, options))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite);
            FlushFolder(folder);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Deletes a file, if it is there, for good.</summary>
    public static void Delete(string path)
    {
        if (!File.Exists(path))
            return;
        File.Delete(path);
        FlushFolder(Path.GetDirectoryName(path)!);
    }

    // A rename is on disk only once its folder is; .NET opens no folders.
    private static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        var descriptor = Open(Encoding.UTF8.GetBytes(folder + '\0'), 0);
        if (descriptor < 0)
            throw new IOException($"{folder} can't be opened: errno {Marshal.GetLastPInvokeError()}.");
        var synced = Sync(descriptor);
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        // EINVAL (22), ENOSYS (38), EOPNOTSUPP (95): the file system knows no sync of folders.
        if (synced != 0 && error is not (22 or 38 or 95))
            throw new IOException($"{folder} can't be flushed to disk: errno {error}.");
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sync(int descriptor);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
}
