using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AiCoder.Core.Tools;

/// <summary>Reads and writes the work tree's files, which a hostile repository made.</summary>
public static class WorkTreeFiles
{
    /// <summary>The largest file that the tools open, in bytes.</summary>
    public const int SizeLimit = 20 * 1024 * 1024;

    // Linux's values, the same on every architecture that .NET runs on (asm-generic/fcntl.h).
    private const int OpenReadOnly = 0;
    private const int OpenNonBlocking = 0x800;
    private const int OpenCloseOnExec = 0x80000;

    /// <summary>The file's bytes.</summary>
    /// <exception cref="ToolException">There is no such file, or it is none that can be read.</exception>
    public static async Task<byte[]> ReadAsync(WorkTreePath path, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path.Absolute))
            throw new ToolException($"{path.Relative} is a folder; use list_files.");
        if (!File.Exists(path.Absolute))
            throw new ToolException($"There is no file {path.Relative}. {Suggestion(path)}");
        using var handle = Open(path);
        // Nothing is written, so closing it waits for nothing.
        using var stream = new FileStream(handle, FileAccess.Read, bufferSize: 0);
        if (!stream.CanSeek)
            throw new ToolException($"{path.Relative} is no regular file.");
        if (stream.Length > SizeLimit)
            throw new ToolException(string.Create(CultureInfo.InvariantCulture, $"{path.Relative} has {stream.Length / 1_000_000} MB, too large to open. Use search, or a command."));
        var bytes = new byte[stream.Length];
        var length = await stream.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        return length == bytes.Length ? bytes : bytes[..length];
    }

    /// <summary>The file as text.</summary>
    /// <exception cref="ToolException">There is no such file, or it is no text.</exception>
    public static async Task<TextFile> ReadTextAsync(WorkTreePath path, CancellationToken cancellationToken)
    {
        var bytes = await ReadAsync(path, cancellationToken).ConfigureAwait(false);
        return TextFile.TryDecode(bytes)
            ?? throw new ToolException(string.Create(CultureInfo.InvariantCulture, $"{path.Relative} is a binary file of {bytes.Length} bytes, which the tools don't read or edit."));
    }

    /// <summary>Writes the file; its mode stays, its folders are made.</summary>
    /// <exception cref="ToolException">A folder is in the way.</exception>
    public static async Task WriteAsync(WorkTreePath path, byte[] bytes, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path.Absolute))
            throw new ToolException($"{path.Relative} is a folder, so no file can be written there.");
        MakeFolder(path);
        try
        {
            await File.WriteAllBytesAsync(path.Absolute, bytes, cancellationToken).ConfigureAwait(false);
        }
        catch (UnauthorizedAccessException) when (File.Exists(path.Absolute) && !OperatingSystem.IsWindows())
        {
            var mode = File.GetUnixFileMode(path.Absolute);
            File.SetUnixFileMode(path.Absolute, mode | UnixFileMode.UserWrite);
            try
            {
                await File.WriteAllBytesAsync(path.Absolute, bytes, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                File.SetUnixFileMode(path.Absolute, mode);
            }
        }
    }

    /// <summary>Makes the folders that a path lies in.</summary>
    /// <exception cref="ToolException">A file stands where a folder would have to be.</exception>
    public static void MakeFolder(WorkTreePath path)
    {
        var folder = Path.GetDirectoryName(path.Absolute)!;
        for (var ancestor = folder; ancestor is not null && !Directory.Exists(ancestor); ancestor = Path.GetDirectoryName(ancestor))
        {
            if (File.Exists(ancestor))
                throw new ToolException($"{path.Relative} can't be made: {Path.GetFileName(ancestor)} is a file, not a folder.");
        }

        Directory.CreateDirectory(folder);
    }

    /// <summary>What the model may have meant, where a path is not there.</summary>
    public static string Suggestion(WorkTreePath path)
    {
        var folder = Path.GetDirectoryName(path.Absolute)!;
        var name = Path.GetFileName(path.Absolute);
        if (name.Contains('\\', StringComparison.Ordinal))
            return "Use forward slashes.";
        if (!Directory.Exists(folder))
            return $"There is no folder {Path.GetDirectoryName(path.Relative)} either; use list_files.";
        var near = Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)!)
            .Where(entry => entry != ".git" && (entry.Equals(name, StringComparison.OrdinalIgnoreCase)
                || entry.Contains(Path.GetFileNameWithoutExtension(name), StringComparison.OrdinalIgnoreCase)))
            .Order(StringComparer.Ordinal).Take(5).ToList();
        return near.Count > 0 ? $"In the same folder: {string.Join(", ", near)}." : "Use list_files or search to find it.";
    }

    /// <summary>Opens without waiting: a named pipe that a command left there would never answer.</summary>
    private static SafeFileHandle Open(WorkTreePath path)
    {
        if (!OperatingSystem.IsLinux())
            return File.OpenHandle(path.Absolute);
        var descriptor = OpenFile(path.Absolute, OpenReadOnly | OpenNonBlocking | OpenCloseOnExec);
        if (descriptor < 0)
            throw new ToolException($"{path.Relative} can't be opened: {Marshal.GetLastPInvokeErrorMessage()}.");
        return new SafeFileHandle(descriptor, ownsHandle: true);
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int OpenFile([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags);
}
