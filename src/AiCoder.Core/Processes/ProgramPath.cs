namespace AiCoder.Core.Processes;

/// <summary>Where a program is.</summary>
public static class ProgramPath
{
    /// <summary>
    /// The absolute path of a program: a path as it is where it can be executed, a name from the PATH of
    /// <paramref name="environment"/> and then from ours; null where there is none.
    /// </summary>
    public static string? Find(string fileName, IReadOnlyDictionary<string, string> environment)
    {
        if (fileName.Contains('/', StringComparison.Ordinal))
            return IsExecutable(fileName) ? Path.GetFullPath(fileName) : null;

        return new[] { environment.GetValueOrDefault("PATH"), Environment.GetEnvironmentVariable("PATH") }
            .SelectMany(path => (path ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries))
            .Select(directory => Path.Combine(directory, fileName))
            .FirstOrDefault(IsExecutable);
    }

    private static bool IsExecutable(string path) =>
        File.Exists(path)
        && (OperatingSystem.IsWindows()
            || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);
}
