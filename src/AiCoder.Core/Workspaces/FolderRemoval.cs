namespace AiCoder.Core.Workspaces;

/// <summary>Removes a folder in which anything may have run: folders without write permission too, links never followed.</summary>
internal static class FolderRemoval
{
    public static void Remove(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Another process removed it at the same time.
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException or IOException)
        {
            // Package managers write-protect their caches.
            MakeWritable(new(folder));
            Directory.Delete(folder, recursive: true);
        }
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
