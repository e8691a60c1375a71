using System.Runtime.InteropServices;
using System.Text;

namespace AiCoder.Core.Workspaces;

/// <summary>
/// Removes on Linux what .NET can't: names that are no UTF-8, and folders nested deeper than a path can be long. Sub-folders are
/// moved up before they are emptied, so that neither depth nor open descriptors grow. Follows no link.
/// </summary>
internal static class NativeFolder
{
    private const int OpenReadOnlyNonBlockingCloseOnExec = 0x80800;
    private const int RemoveFolder = 0x200; // AT_REMOVEDIR
    private const int NotThere = 2; // ENOENT
    private const uint OwnerOnly = 0x1C0; // 0700

    // struct dirent of glibc and musl on 64 bits: inode, offset, length of the record, type, name.
    private const int NameOffset = 19;

    /// <exception cref="IOException">Something could not be removed.</exception>
    public static void Remove(string folder)
    {
        File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var root = Require(Open(Name(folder), OpenReadOnlyNonBlockingCloseOnExec), folder);
        try
        {
            for (var entries = List(root, folder); entries.Count > 0; entries = List(root, folder))
            {
                foreach (var entry in entries.Where(entry => UnlinkAt(root, entry, 0) != 0))
                    RemoveEmptied(root, entry, folder);
            }
        }
        finally
        {
            _ = Close(root);
        }

        Directory.Delete(folder);
    }

    private static void RemoveEmptied(int root, byte[] name, string folder)
    {
        _ = ChangeModeAt(root, name, OwnerOnly, 0);
        var descriptor = OpenAt(root, name, OpenReadOnlyNonBlockingCloseOnExec);
        // Another process removed it at the same time.
        if (descriptor < 0 && Marshal.GetLastPInvokeError() == NotThere)
            return;
        Require(descriptor, folder);
        try
        {
            foreach (var entry in List(descriptor, folder).Where(entry => UnlinkAt(descriptor, entry, 0) != 0))
            {
                // A folder without the right to write in it can't be moved either.
                _ = ChangeModeAt(descriptor, entry, OwnerOnly, 0);
                Require(RenameAt(descriptor, entry, root, Name($".removing-{Guid.NewGuid():n}")), folder);
            }
        }
        finally
        {
            _ = Close(descriptor);
        }

        Require(UnlinkAt(root, name, RemoveFolder), folder);
    }

    /// <summary>The names in an open folder, ended by NUL as the kernel takes them.</summary>
    private static List<byte[]> List(int descriptor, string folder)
    {
        var copy = Require(OpenAt(descriptor, Name("."), OpenReadOnlyNonBlockingCloseOnExec), folder);
        var stream = OpenStream(copy);
        if (stream == 0)
        {
            _ = Close(copy);
            throw Failed(folder);
        }

        try
        {
            var names = new List<byte[]>();
            for (var entry = ReadEntry(stream); entry != 0; entry = ReadEntry(stream))
            {
                var length = 0;
                while (Marshal.ReadByte(entry, NameOffset + length) != 0)
                    length++;
                var name = new byte[length + 1];
                Marshal.Copy(entry + NameOffset, name, 0, length);
                if (!name.AsSpan().SequenceEqual(".\0"u8) && !name.AsSpan().SequenceEqual("..\0"u8))
                    names.Add(name);
            }

            return names;
        }
        finally
        {
            _ = CloseStream(stream);
        }
    }

    private static byte[] Name(string text) => [.. Encoding.UTF8.GetBytes(text), 0];

    private static int Require(int result, string folder) => result >= 0 ? result : throw Failed(folder);

    private static IOException Failed(string folder) => new($"{folder} could not be removed: {Marshal.GetLastPInvokeErrorMessage()}.");

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "openat", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int OpenAt(int folder, byte[] name, int flags);

    [DllImport("libc", EntryPoint = "unlinkat", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int UnlinkAt(int folder, byte[] name, int flags);

    [DllImport("libc", EntryPoint = "renameat", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int RenameAt(int fromFolder, byte[] from, int toFolder, byte[] to);

    [DllImport("libc", EntryPoint = "fchmodat", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int ChangeModeAt(int folder, byte[] name, uint mode, int flags);

    [DllImport("libc", EntryPoint = "fdopendir", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint OpenStream(int folder);

    [DllImport("libc", EntryPoint = "readdir", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint ReadEntry(nint stream);

    [DllImport("libc", EntryPoint = "closedir", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int CloseStream(nint stream);

    [DllImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int descriptor);
}
