using System.Text;
using AiCoder.Core.Failures;
using AiCoder.Core.Git;

namespace AiCoder.Core.Workspaces;

/// <summary>
/// The git directory of one epoch, on which the git program takes snapshots of the work tree and restores them. It stands outside
/// the work tree: nothing that runs there configures it. Calls must not overlap.
/// </summary>
internal sealed class SnapshotRepository(WorkspaceLayout layout, int epoch, GitProgram git, GitBounds bounds)
{
    private static readonly byte[] Here = "./"u8.ToArray();

    // What package managers and interpreters put beside the sources, also where a repository forgot to ignore it: neither changes of
    // the task, nor to be cleared away before the next command needs it. Only names that nobody gives to sources of his own.
    private static readonly string[] InstalledFolders =
    [
        "node_modules", "bower_components", ".venv", ".tox", ".eggs", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".gradle",
    ];

    private string Folder => layout.GitFolder(epoch);

    private string WorkTree => layout.Work(epoch);

    /// <summary>The index file, whose times and sizes make an unchanged scan cheap.</summary>
    public string Index => Path.Combine(Folder, "index");

    /// <summary>The environment in which git writes objects to the task's store and reads those of its clones too.</summary>
    public IReadOnlyDictionary<string, string> Environment => ObjectsEnvironment(layout, epoch);

    public static Dictionary<string, string> ObjectsEnvironment(WorkspaceLayout layout, int epoch) => new()
    {
        ["GIT_DIR"] = layout.GitFolder(epoch),
        ["GIT_OBJECT_DIRECTORY"] = layout.Objects,
        ["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = '"' + Path.Combine(layout.GitFolder(epoch), "objects") + '"',
    };

    /// <summary>A git directory in which every file counts as binary.</summary>
    public static string BinaryFolder(WorkspaceLayout layout, int epoch) => Path.Combine(layout.GitFolder(epoch), "binary");

    /// <summary>Lays the directory and lets it see every finished clone. May be called again when there is another.</summary>
    public void Refresh(FileSystemTraits traits)
    {
        if (!File.Exists(Path.Combine(Folder, "HEAD")))
        {
            GitFolder.Create(Folder, traits, bare: false, head: "snapshots");
            GitFolder.CreateForBinaryPatches(BinaryFolder(layout, epoch), traits);
        }
        Directory.CreateDirectory(layout.Objects);
        var alternates = new StringBuilder("../../objects\n");
        var shallow = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var clone in layout.FinishedClones())
        {
            alternates.Append("../../clones/").Append(Path.GetFileName(clone)).Append("/objects\n");
            var boundary = Path.Combine(clone, "shallow");
            if (File.Exists(boundary))
                shallow.UnionWith(File.ReadAllLines(boundary).Where(line => line.Length > 0));
        }
        File.WriteAllText(Path.Combine(Folder, "objects", "info", "alternates"), alternates.ToString());
        if (shallow.Count > 0)
            File.WriteAllText(Path.Combine(Folder, "shallow"), string.Join('\n', shallow) + "\n");
    }

    /// <summary>Makes index and work tree equal to a tree; with <paramref name="clean"/> what is neither in it nor ignored goes too.</summary>
    public async Task RestoreAsync(string tree, bool clean, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(WorkTree);
        await RequireAsync(["read-tree", "--reset", "-u", tree], default, cancellationToken).ConfigureAwait(false);
        await ExcludeInstalledAsync(cancellationToken).ConfigureAwait(false);
        if (clean)
            await RequireAsync(["clean", "-ffdq"], default, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Once in an epoch: ignores installed folders, but for those names under which the repository itself keeps files.</summary>
    private async Task ExcludeInstalledAsync(CancellationToken cancellationToken)
    {
        var file = Path.Combine(Folder, "info", "exclude");
        if (File.Exists(file))
            return;
        var kept = Split(await ListAsync(["ls-files", "-z", "-c", "-i", .. InstalledFolders.Select(name => $"--exclude={name}/")], cancellationToken).ConfigureAwait(false))
            .SelectMany(path => Encoding.UTF8.GetString(path).Split('/'))
            .ToHashSet(StringComparer.Ordinal);
        var patterns = InstalledFolders.Where(name => !kept.Contains(name)).Select(name => $"{name}/\n");
        await File.WriteAllTextAsync(file, string.Concat(patterns), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes paths into the index as they are in the work tree: added, changed or gone, ignored or not.</summary>
    public async Task RecordAsync(IReadOnlyCollection<string> paths, CancellationToken cancellationToken)
    {
        var entries = new List<byte[]>();
        foreach (var path in paths.Where(IsInside).Distinct(StringComparer.Ordinal))
        {
            var absolute = Path.Combine(WorkTree, path);
            if (new FileInfo(absolute) is { LinkTarget: null, Exists: true } || new FileInfo(absolute).LinkTarget is not null)
                entries.Add(Encoding.UTF8.GetBytes(path));
            else
                entries.AddRange(await BelowAsync(path, cancellationToken).ConfigureAwait(false));
        }
        await UpdateIndexAsync(entries, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Finds what changed by looking at every file, and takes it into the index. Ignored files stay out unless they are in it.</summary>
    public async Task ScanAsync(CancellationToken cancellationToken)
    {
        var listed = Split(await ListAsync(["ls-files", "-z", "-m", "-o", "--exclude-standard"], cancellationToken).ConfigureAwait(false));
        var entries = new List<byte[]>();
        foreach (var entry in listed)
        {
            // git names a repository within the repository by its folder alone.
            if (entry[^1] == '/')
                entries.AddRange(await NestedAsync(Encoding.UTF8.GetString(entry).TrimEnd('/'), cancellationToken).ConfigureAwait(false));
            else
                entries.Add(entry);
        }
        await UpdateIndexAsync(entries, cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Takes changes since a tree out of the index again. The work tree is neither read nor written.</summary>
    /// <param name="tree">The tree.</param>
    /// <param name="refused">Which paths, of the changes since then, are to be as the tree has them.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task TakeOutAsync(string tree, Func<IReadOnlyList<Change>, IReadOnlySet<string>> refused, CancellationToken cancellationToken)
    {
        var changes = IndexChange.Parse(Split(await ListAsync(["diff-index", "--cached", "-r", "-z", "-M", tree], cancellationToken).ConfigureAwait(false)));
        var paths = refused([.. changes.Select(change => change.Change)]);
        // What is gone goes first: a folder may stand where a file was, and the other way round.
        var lines = changes.SelectMany(change => change.Before).Where(entry => paths.Contains(entry.Name)).OrderByDescending(entry => entry.IsAbsent).Select(entry => entry.Line).ToList();
        if (lines.Count > 0)
            await RequireAsync(["update-index", "-z", "--index-info"], Join(lines), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Mode and path of each entry of the index.</summary>
    public async Task<IReadOnlyList<(string Mode, string Path)>> ListIndexAsync(CancellationToken cancellationToken) =>
        [.. Split(await ListAsync(["ls-files", "-s", "-z"], cancellationToken).ConfigureAwait(false))
            .Select(entry => Encoding.UTF8.GetString(entry))
            .Select(line => (line[..6], line[(line.IndexOf('\t', StringComparison.Ordinal) + 1)..]))];

    /// <summary>The index as a tree of objects on the disk.</summary>
    public async Task<string> WriteTreeAsync(CancellationToken cancellationToken) =>
        (await RequireAsync(["write-tree"], default, cancellationToken).ConfigureAwait(false)).Text.Trim();

    /// <summary>A tree holds neither a .git nor what is outside of it.</summary>
    private static bool IsInside(string path) =>
        path.Length > 0 && !path.StartsWith('/')
        && path.Split('/').All(part => part.Length > 0 && part is not (".." or ".") && !part.Equals(".git", StringComparison.OrdinalIgnoreCase));

    /// <summary>What stands below a folder, or below a name that is gone.</summary>
    private async Task<List<byte[]>> BelowAsync(string path, CancellationToken cancellationToken)
    {
        var below = Split(await ListAsync(["ls-files", "-z", "-c", "-o", "--", path], cancellationToken).ConfigureAwait(false));
        var entries = below.Where(entry => entry[^1] != '/').ToList();
        foreach (var nested in below.Where(entry => entry[^1] == '/'))
            entries.AddRange(Walk(Encoding.UTF8.GetString(nested).TrimEnd('/')).Select(Encoding.UTF8.GetBytes));
        return entries;
    }

    private async Task<List<byte[]>> NestedAsync(string folder, CancellationToken cancellationToken)
    {
        var files = Walk(folder).Select(Encoding.UTF8.GetBytes).ToList();
        if (files.Count == 0)
            return [];
        var call = Call(["check-ignore", "-z", "--stdin"], Join([.. files.Select(file => (byte[])[.. Here, .. file])]));
        // This command takes no literal pathspecs; before a name that begins with "./" there is nothing to be taken for magic.
        call = call with { Environment = new Dictionary<string, string>(call.Environment) { ["GIT_LITERAL_PATHSPECS"] = "0" } };
        var outcome = await git.RunAsync(call, cancellationToken).ConfigureAwait(false);
        // Exit code 1 means that nothing is ignored.
        if (outcome.ExitCode is not (0 or 1))
            throw new FailureException(GitProgram.LocalFailure(call, outcome));
        var ignored = Split(outcome.Output).Select(path => Encoding.UTF8.GetString(path.AsSpan(Here.Length))).ToHashSet(StringComparer.Ordinal);
        return [.. files.Where(file => !ignored.Contains(Encoding.UTF8.GetString(file)))];
    }

    private IEnumerable<string> Walk(string folder)
    {
        foreach (var entry in new DirectoryInfo(Path.Combine(WorkTree, folder)).EnumerateFileSystemInfos())
        {
            // A tree can't hold a .git, and the nested repository's own store is no content.
            if (entry.Name.Equals(".git", StringComparison.OrdinalIgnoreCase))
                continue;
            var path = $"{folder}/{entry.Name}";
            if (entry is DirectoryInfo { LinkTarget: null })
            {
                foreach (var below in Walk(path))
                    yield return below;
            }
            else
            {
                yield return path;
            }
        }
    }

    private async Task UpdateIndexAsync(List<byte[]> entries, CancellationToken cancellationToken)
    {
        var links = new Dictionary<string, bool>(StringComparer.Ordinal);
        var byLink = entries.ToLookup(entry => IsBeyondLink(Encoding.UTF8.GetString(entry), links));
        await UpdateIndexAsync(["update-index", "-z", "--add", "--remove", "--replace", "--stdin"], [.. byLink[false]], cancellationToken)
            .ConfigureAwait(false);
        // A folder that became a link: what the index has below it is gone.
        await UpdateIndexAsync(["update-index", "-z", "--force-remove", "--stdin"], [.. byLink[true]], cancellationToken).ConfigureAwait(false);
    }

    private async Task UpdateIndexAsync(string[] arguments, List<byte[]> entries, CancellationToken cancellationToken)
    {
        if (entries.Count == 0)
            return;
        var call = Call(arguments, Join(entries));
        var outcome = await git.RunAsync(call, cancellationToken).ConfigureAwait(false);
        if (outcome.Succeeded)
            return;
        if (outcome.TimedOut || GitFailures.IsDiskFull(outcome.Error) || !outcome.Error.Contains("Unable to process path", StringComparison.Ordinal))
            throw new FailureException(GitProgram.LocalFailure(call, outcome));
        // One path that git can't take (a socket, a file that may not be read, one that went meanwhile) must not cost the others;
        // it stays as the last snapshot had it.
        if (entries.Count == 1)
            return;
        var half = entries.Count / 2;
        await UpdateIndexAsync(arguments, entries[..half], cancellationToken).ConfigureAwait(false);
        await UpdateIndexAsync(arguments, entries[half..], cancellationToken).ConfigureAwait(false);
    }

    private bool IsBeyondLink(string path, Dictionary<string, bool> known)
    {
        var slash = path.LastIndexOf('/');
        if (slash < 0)
            return false;
        var parent = path[..slash];
        if (!known.TryGetValue(parent, out var beyond))
        {
            beyond = new FileInfo(Path.Combine(WorkTree, parent)).LinkTarget is not null || IsBeyondLink(parent, known);
            known[parent] = beyond;
        }
        return beyond;
    }

    private async Task<ReadOnlyMemory<byte>> ListAsync(string[] arguments, CancellationToken cancellationToken) =>
        (await RequireAsync(arguments, default, cancellationToken).ConfigureAwait(false)).Output;

    private Task<GitOutcome> RequireAsync(string[] arguments, ReadOnlyMemory<byte> input, CancellationToken cancellationToken) =>
        git.RequireAsync(Call(arguments, input), cancellationToken);

    private GitCall Call(string[] arguments, ReadOnlyMemory<byte> input)
    {
        // Only one call at a time uses this index: a lock that is there was left by one that was killed.
        File.Delete(Index + ".lock");
        return new()
        {
            Arguments = arguments,
            Environment = new Dictionary<string, string>(Environment) { ["GIT_WORK_TREE"] = WorkTree, ["GIT_LITERAL_PATHSPECS"] = "1" },
            WorkingDirectory = WorkTree,
            Input = input,
            Timeout = bounds.Local,
        };
    }

    private static List<byte[]> Split(ReadOnlyMemory<byte> list)
    {
        var entries = new List<byte[]>();
        var rest = list.Span;
        while (rest.IndexOf((byte)0) is var end and >= 0)
        {
            if (end > 0)
                entries.Add(rest[..end].ToArray());
            rest = rest[(end + 1)..];
        }
        return entries;
    }

    private static byte[] Join(List<byte[]> entries)
    {
        var joined = new MemoryStream();
        foreach (var entry in entries)
        {
            joined.Write(entry);
            joined.WriteByte(0);
        }
        return joined.ToArray();
    }
}
