namespace AiCoder.Core.Workspaces;

/// <summary>What the file system of a workspace can do; a share may keep neither modes nor links.</summary>
/// <param name="KeepsModes">The executable bit stays as it was set.</param>
/// <param name="HasSymlinks">Symbolic links can be made.</param>
internal sealed record FileSystemTraits(bool KeepsModes, bool HasSymlinks)
{
    /// <summary>Tries both in a folder.</summary>
    public static FileSystemTraits Probe(string folder)
    {
        var file = Path.Combine(folder, $".probe-{Guid.NewGuid():n}");
        var link = file + "-link";
        try
        {
            File.WriteAllBytes(file, []);
            return new(KeepsModesAt(file), HasSymlinksAt(link));
        }
        finally
        {
            File.Delete(file);
            File.Delete(link);
        }
    }

    private static bool KeepsModesAt(string file)
    {
        try
        {
            const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            File.SetUnixFileMode(file, Plain);
            if (File.GetUnixFileMode(file) != Plain)
                return false;
            File.SetUnixFileMode(file, Plain | UnixFileMode.UserExecute);
            return File.GetUnixFileMode(file) == (Plain | UnixFileMode.UserExecute);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static bool HasSymlinksAt(string link)
    {
        try
        {
            File.CreateSymbolicLink(link, "target");
            return new FileInfo(link).LinkTarget == "target";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or NotSupportedException)
        {
            return false;
        }
    }
}
