using System.Text;

namespace AiCoder.Core.Workspaces;

/// <summary>Says what of a repository was left alone: submodules and the content of LFS files.</summary>
internal static class CloneNotes
{
    private const int Named = 5;
    private const int PointerSizeLimit = 1024;
    private static readonly byte[] PointerStart = Encoding.ASCII.GetBytes("version https://git-lfs.github.com/spec/v1\n");

    public static async Task<IReadOnlyList<string>> FindAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        var entries = await workspace.ListIndexAsync(cancellationToken).ConfigureAwait(false);
        var notes = new List<string>();
        var submodules = entries.Where(entry => entry.Mode == "160000").Select(entry => entry.Path).ToList();
        if (submodules.Count > 0)
            notes.Add($"Submodules were left alone and their folders are empty: {List(submodules)}.");

        // Only a repository that says it uses LFS has its small files looked at.
        var usesLfs = entries
            .Where(entry => entry.Path == ".gitattributes" || entry.Path.EndsWith("/.gitattributes", StringComparison.Ordinal))
            .Any(entry => Read(workspace, entry.Path)?.Contains("filter=lfs", StringComparison.Ordinal) == true);
        if (!usesLfs)
            return notes;
        var pointers = entries
            .Where(entry => entry.Mode.StartsWith("100", StringComparison.Ordinal) && IsPointer(Path.Combine(workspace.WorkTree, entry.Path)))
            .Select(entry => entry.Path)
            .ToList();
        if (pointers.Count > 0)
            notes.Add($"The content of {pointers.Count} Git LFS file(s) was not fetched; their pointer files stay as they are: {List(pointers)}.");
        return notes;
    }

    private static string List(List<string> paths) => string.Join(", ", paths.Take(Named)) + (paths.Count > Named ? ", …" : "");

    private static string? Read(Workspace workspace, string path)
    {
        var file = new FileInfo(Path.Combine(workspace.WorkTree, path));
        return file is { Exists: true, LinkTarget: null, Length: < 1 << 20 } ? File.ReadAllText(file.FullName) : null;
    }

    private static bool IsPointer(string path)
    {
        var file = new FileInfo(path);
        if (file is not { Exists: true, LinkTarget: null, Length: < PointerSizeLimit } || file.Length < PointerStart.Length)
            return false;
        using var stream = file.OpenRead();
        var start = new byte[PointerStart.Length];
        return stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length && start.AsSpan().SequenceEqual(PointerStart);
    }
}
