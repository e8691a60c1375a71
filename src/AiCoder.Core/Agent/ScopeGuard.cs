using AiCoder.Core.Tools;
using AiCoder.Core.Workspaces;
using LibGit2Sharp;

namespace AiCoder.Core.Agent;

/// <summary>
/// Takes back what a command changed although the task may not: continuous integration, agents' settings, what lies outside the
/// task's paths. Such files always read like the base commit, so that is where they are taken from.
/// </summary>
/// <param name="workspace">The task's workspace.</param>
/// <param name="scope">What may be changed.</param>
/// <param name="baseTree">The base commit's tree.</param>
internal sealed class ScopeGuard(Workspace workspace, PathScope scope, string baseTree)
{
    private const int LongestShown = 200;

    /// <summary>What a reader of the task's result should know of a refused path.</summary>
    public static string Note(string path) => $"The model tried to change {path}, which this task may not change; it was left as it is.";

    /// <summary>What a reader should know of an attempt on <c>.git</c>, or on what lies outside of the repository.</summary>
    public static string ForbiddenNote(string path)
    {
        // The model's own words, which end up on a page of the forge.
        var shown = string.Concat(path.Where(character => !char.IsControl(character)));
        return $"The model tried to reach {(shown.Length <= LongestShown ? shown : shown[..LongestShown] + "…")}, which no task may touch; it got nothing there.";
    }

    /// <summary>What the model is told of what was taken back.</summary>
    public static string TakenBack(IReadOnlyList<string> restored) =>
        $"Taken back, because this task may not change them: {string.Join(", ", restored)}.";

    /// <summary>A snapshot of the work tree after an answer's tools, without what a command changed although the task may not.</summary>
    /// <param name="before">The snapshot before them.</param>
    /// <param name="changed">What tools changed by name (<see cref="Workspace.SnapshotAsync"/>).</param>
    /// <param name="anything">A command ran, which may have changed anything.</param>
    /// <param name="cancellationToken">Ends it; the work tree is then not as any snapshot has it, and is marked so.</param>
    public async Task<(string Tree, IReadOnlyList<string> Restored)> SnapshotAsync(
        string before, IReadOnlyCollection<string> changed, bool anything, CancellationToken cancellationToken)
    {
        if (anything)
            workspace.MarkDirty();
        try
        {
            var after = await workspace.SnapshotAsync(changed, cancellationToken).ConfigureAwait(false);
            var restored = anything && after != before ? await RestoreAsync(before, after, cancellationToken).ConfigureAwait(false) : [];
            if (restored.Count > 0)
            {
                // A link or file that stood in a restored folder's place is gone too: everything is looked at again.
                workspace.MarkDirty();
                after = await workspace.SnapshotAsync(restored, cancellationToken).ConfigureAwait(false);
            }

            return (after, restored);
        }
        catch
        {
            workspace.MarkDirty();
            throw;
        }
    }

    /// <summary>Restores such files between two snapshots, and names them.</summary>
    private async Task<IReadOnlyList<string>> RestoreAsync(string before, string after, CancellationToken cancellationToken)
    {
        var changes = await workspace.DiffAsync(before, after, cancellationToken).ConfigureAwait(false);
        var refused = changes
            .SelectMany(change => change.OldPath is { } old ? [old, change.Path] : new[] { change.Path })
            .Where(path => scope.Refusal(path) is not null)
            .Distinct(StringComparer.Ordinal)
            .ToList();
        if (refused.Count == 0)
            return refused;

        using var repository = new Repository(workspace.GitFolderPath);
        var tree = repository.Lookup<Tree>(baseTree);
        // All of them go before any comes back: a folder may stand where a file was, and the other way round.
        foreach (var path in refused)
            Remove(path);
        foreach (var path in refused)
            await RestoreAsync(tree[path], path, cancellationToken).ConfigureAwait(false);
        // What was moved to where it may not be goes back to where it was, or it would be lost.
        var last = repository.Lookup<Tree>(before);
        foreach (var moved in changes.Where(change => scope.Refusal(change.Path) is not null).Select(change => change.OldPath).OfType<string>())
        {
            if (scope.Refusal(moved) is not null)
                continue;
            Remove(moved);
            await RestoreAsync(last[moved], moved, cancellationToken).ConfigureAwait(false);
        }

        return refused;
    }

    private void Remove(string path)
    {
        var absolute = Path.Combine(workspace.WorkTree, path);
        RemoveLinks(path);
        if (Directory.Exists(absolute))
            FolderRemoval.Remove(absolute);
        else if (Path.Exists(Path.GetDirectoryName(absolute)))
            File.Delete(absolute);
    }

    private async Task RestoreAsync(TreeEntry? entry, string path, CancellationToken cancellationToken)
    {
        if (entry?.Target is not Blob blob)
            return;

        var absolute = Path.Combine(workspace.WorkTree, path);
        Directory.CreateDirectory(Path.GetDirectoryName(absolute)!);
        if (entry.Mode == Mode.SymbolicLink)
        {
            File.CreateSymbolicLink(absolute, blob.GetContentText());
            return;
        }

        var file = new FileStream(absolute, FileMode.CreateNew, FileAccess.Write);
        await using (file.ConfigureAwait(false))
        {
            using var content = blob.GetContentStream();
            await content.CopyToAsync(file, cancellationToken).ConfigureAwait(false);
        }

        if (entry.Mode == Mode.ExecutableFile && !OperatingSystem.IsWindows())
            File.SetUnixFileMode(absolute, File.GetUnixFileMode(absolute) | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute);
    }

    /// <summary>A command may have put a link or a file where a folder was; what is restored must not go through it.</summary>
    private void RemoveLinks(string path)
    {
        var folder = workspace.WorkTree;
        foreach (var component in path.Split('/')[..^1])
        {
            folder = Path.Combine(folder, component);
            var info = new FileInfo(folder);
            if (info.LinkTarget is not null || info.Exists)
                info.Delete();
        }
    }
}
