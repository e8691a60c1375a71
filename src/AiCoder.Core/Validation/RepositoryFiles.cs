namespace AiCoder.Core.Validation;

/// <summary>Walks a repository without what is not its own: dependencies, build output, hidden folders, links.</summary>
internal static class RepositoryFiles
{
    private static readonly HashSet<string> Foreign = new(StringComparer.Ordinal)
    {
        "node_modules", "bower_components", "vendor", "bin", "obj", "target", "build", "dist", "out", "venv", "env", "__pycache__",
        "site-packages", "coverage", "third_party", "CMakeFiles",
    };

    /// <summary>Paths of files below a folder, relative, with forward slashes, nearest first; at most <paramref name="limit"/>.</summary>
    public static IReadOnlyList<string> Under(string folder, int limit) =>
        [.. Folders(folder, maxDepth: 12).SelectMany(found => found.Files.Select(file => found.Directory == "." ? file : $"{found.Directory}/{file}")).Take(limit)];

    /// <summary>Folders, nearest first, with the names of their files.</summary>
    public static IEnumerable<(string Directory, IReadOnlyList<string> Files)> Folders(string root, int maxDepth)
    {
        var waiting = new Queue<(string Directory, int Depth)>([(".", 0)]);
        while (waiting.TryDequeue(out var next))
        {
            var full = Path.Combine(root, next.Directory);
            if (!System.IO.Directory.Exists(full))
                continue;

            yield return (next.Directory, [.. new DirectoryInfo(full).EnumerateFiles().Select(file => file.Name).Order(StringComparer.Ordinal)]);
            if (next.Depth == maxDepth)
                continue;

            foreach (var child in new DirectoryInfo(full).EnumerateDirectories().OrderBy(child => child.Name, StringComparer.Ordinal))
            {
                if (child.Name[0] != '.' && !Foreign.Contains(child.Name) && child.LinkTarget is null)
                    waiting.Enqueue((next.Directory == "." ? child.Name : $"{next.Directory}/{child.Name}", next.Depth + 1));
            }
        }
    }
}
