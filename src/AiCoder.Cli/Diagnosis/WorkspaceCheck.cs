using System.Globalization;

namespace AiCoder.Cli.Diagnosis;

/// <summary>Looks at WORKSPACE_DIR and STATE_DIR: can they be written, is there room, what file system are they on.</summary>
internal static class WorkspaceCheck
{
    private const long LeastFree = 1L << 30;

    /// <summary>The folder is made where it is missing, as a task would.</summary>
    public static Finding Folder(string name, string variable, string path)
    {
        try
        {
            Directory.CreateDirectory(path);
            var probe = Path.Combine(path, $".doctor-{Guid.NewGuid():N}");
            File.WriteAllText(probe, "x");
            File.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return Finding.Fail(name, $"{path} can't be written: {exception.Message}", $"Give this user ({User()}) the right to it (Kubernetes: fsGroup; Azure Files over SMB: uid= and gid= among the mount options), or set {variable} to another folder.");
        }

        var drive = new DriveInfo(path);
        var free = drive.AvailableFreeSpace;
        var detail = string.Create(CultureInfo.InvariantCulture, $"{path} can be written, {free / (double)(1L << 30):0.0} GB free, {drive.DriveFormat}");
        return free < LeastFree
            ? Finding.Warn(name, detail, $"Free some space, or set {variable} to a larger disk.")
            : Finding.Ok(name, detail);
    }

    // The number, because in a container nobody else knows the name.
    private static string User() =>
        File.ReadLines("/proc/self/status").FirstOrDefault(line => line.StartsWith("Uid:", StringComparison.Ordinal))?.Split('\t') is [_, var id, ..] ? id : Environment.UserName;
}
