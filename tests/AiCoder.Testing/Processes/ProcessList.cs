namespace AiCoder.Testing.Processes;

/// <summary>The processes of this machine, as Linux shows them.</summary>
public static class ProcessList
{
    /// <summary>Whether a process with exactly these arguments, its name the first, is there.</summary>
    public static bool Has(params IReadOnlyList<string> arguments) =>
        Directory.EnumerateDirectories("/proc").Any(folder =>
            int.TryParse(Path.GetFileName(folder), out _) && ArgumentsOf(folder).SequenceEqual(arguments));

    private static string[] ArgumentsOf(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline")).TrimEnd('\0').Split('\0');
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // It ended while we looked.
            return [];
        }
    }
}
