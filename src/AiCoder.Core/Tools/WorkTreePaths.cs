namespace AiCoder.Core.Tools;

/// <summary>
/// Turns the model's paths into places in the work tree. Every component is looked at on its own, and links are followed one by
/// one, so that no link leads out of the tree or into <c>.git</c>. Nothing else runs in the tree while a tool does (a command's
/// processes are gone when it answers), so what was looked at is what is opened.
/// </summary>
/// <param name="root">The work tree, absolute.</param>
public sealed class WorkTreePaths(string root)
{
    private const int MaxLinks = 40;
    private readonly string _root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(root));

    /// <summary>The work tree, absolute.</summary>
    public string Root => _root;

    /// <summary>The place a path leads to, links followed.</summary>
    /// <exception cref="ToolException">It is no path of the repository.</exception>
    public WorkTreePath Resolve(string path) => Walk(path, followLast: true);

    /// <summary>The place itself, where its last component may be a link: for moving and deleting.</summary>
    /// <exception cref="ToolException">It is no path of the repository.</exception>
    public WorkTreePath ResolveEntry(string path) => Walk(path, followLast: false);

    private WorkTreePath Walk(string path, bool followLast)
    {
        var pending = new Stack<string>(Components(path).Reverse());
        var walked = new List<string>();
        var links = 0;
        while (pending.TryPop(out var component))
        {
            if (component is "" or ".")
                continue;
            if (component == "..")
            {
                if (walked.Count == 0)
                    throw Outside(path);
                walked.RemoveAt(walked.Count - 1);
                continue;
            }

            if (IsGitFolder(component))
                throw new ToolException($"{path} lies in .git, which the tools don't touch.") { ForbiddenPath = path };
            walked.Add(component);
            if (pending.Count == 0 && !followLast)
                break;
            if (LinkTarget(Absolute(walked)) is not { } target)
                continue;
            if (++links > MaxLinks)
                throw new ToolException($"{path} is a link that leads to itself.");
            walked.RemoveAt(walked.Count - 1);
            if (Path.IsPathRooted(target))
            {
                walked.Clear();
                target = InsideRoot(target) ?? throw Outside(path);
            }

            foreach (var part in target.Split('/').Reverse())
                pending.Push(part);
        }

        return new(walked.Count == 0 ? "." : string.Join('/', walked), Absolute(walked));
    }

    private string[] Components(string path)
    {
        if (path.Contains('\0', StringComparison.Ordinal))
            throw new ToolException("A path can't hold a NUL character.");
        if (!Path.IsPathRooted(path))
            return path.Split('/');
        // Models that saw the absolute path in a command's output use it.
        // One that is not there was a mistake about where the repository lies; the root folder mostly means the repository's.
        return (InsideRoot(path) ?? throw new ToolException($"Paths are relative to the repository's root; {path} is not.")
        {
            ForbiddenPath = path.Trim('/').Length > 0 && Path.Exists(path) ? path : null,
        }).Split('/');
    }

    private string? InsideRoot(string absolute) =>
        absolute == _root ? "." : absolute.StartsWith(_root + "/", StringComparison.Ordinal) ? absolute[(_root.Length + 1)..] : null;

    private string Absolute(List<string> components) => components.Count == 0 ? _root : Path.Combine(_root, Path.Combine([.. components]));

    private static ToolException Outside(string path) => new($"{path} leads out of the repository. Paths stay inside it.") { ForbiddenPath = path };

    // Also the names that other file systems take for `.git`: the branch may be checked out there.
    private static bool IsGitFolder(string component)
    {
        var name = component.TrimEnd(' ', '.');
        return name.Equals(".git", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith(".git:", StringComparison.OrdinalIgnoreCase)
            || name.Equals("git~1", StringComparison.OrdinalIgnoreCase);
    }

    private static string? LinkTarget(string absolute) => new FileInfo(absolute).LinkTarget;
}

/// <summary>A place in the work tree.</summary>
/// <param name="Relative">Relative to it, with forward slashes; <c>.</c> is its root.</param>
/// <param name="Absolute">Absolute, without links on the way.</param>
public sealed record WorkTreePath(string Relative, string Absolute);
