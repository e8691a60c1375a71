using AiCoder.Core.Tasks;

namespace AiCoder.Core.Commits;

/// <summary>The files that a plan names; an entry that ends in a slash is a folder.</summary>
internal sealed class PlannedFiles(Plan plan)
{
    private readonly string[] _entries = [.. plan.Files.Concat(plan.Tests).Select(Normalize).Where(entry => entry.Length > 0)];

    public bool IsEmpty => _entries.Length == 0;

    public bool Contains(string path) =>
        _entries.Any(entry => entry.EndsWith('/') ? path.StartsWith(entry, StringComparison.Ordinal) : path == entry);

    private static string Normalize(string entry)
    {
        var path = entry.Trim().Replace('\\', '/');
        while (path.StartsWith("./", StringComparison.Ordinal))
            path = path[2..];
        return path.TrimStart('/');
    }
}
