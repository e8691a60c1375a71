namespace AiCoder.Core.Workspaces;

/// <summary>Removes a folder in which anything may have run: folders without write permission, any depth, names of any bytes; links never followed.</summary>
internal static class FolderRemoval
{
    private const int Attempts = 20;

    public static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException or ArgumentException)
        {
            // .NET finds no file by a name that is no UTF-8, calls a path that is too long an argument, and package managers
            // write-protect their caches. Or another process removed the folder at the same time.
            // A link that can't be removed stays: what it leads to is somebody else's.
            if (new DirectoryInfo(folder).LinkTarget is not null)
                throw;
            if (Directory.Exists(folder))
                RemoveHard(folder);
        }
    }

    private static void RemoveHard(string folder)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                RemoveOnce(folder);
                return;
            }
            catch (IOException) when (!Directory.Exists(folder))
            {
                // Somebody else removed it at the same time.
                return;
            }
            catch (IOException) when (attempt < Attempts)
            {
                // Somebody else may be removing it: what he took away under us is not there at the next look.
            }
        }
    }

    private static void RemoveOnce(string folder)
    {
        if (OperatingSystem.IsLinux() && Environment.Is64BitProcess)
        {
            NativeFolder.Remove(folder);
            return;
        }

        MakeWritable(new(folder));
        Directory.Delete(folder, recursive: true);
    }

    private static void MakeWritable(DirectoryInfo folder)
    {
        if (!folder.Exists || folder.LinkTarget is not null)
            return;
        folder.UnixFileMode |= UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        foreach (var below in folder.EnumerateDirectories())
            MakeWritable(below);
    }
}
