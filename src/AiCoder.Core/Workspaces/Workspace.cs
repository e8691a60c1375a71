using System.Diagnostics.CodeAnalysis;
using System.Text;
using AiCoder.Core.Git;

namespace AiCoder.Core.Workspaces;

/// <summary>
/// One claim of a task's folder <c>&lt;WORKSPACE_DIR&gt;/&lt;task_id&gt;/</c>. Each claim is an epoch and writes only in that epoch's
/// paths, so a stalled worker's late writes are never read by anyone. Its methods may be called from several threads.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore without a wait handle holds nothing that needs disposal.")]
public sealed class Workspace
{
    private readonly SnapshotRepository _snapshots;
    private readonly TreeComparison _comparison;
    private readonly TreeLinks _links;
    private readonly FileSystemTraits _traits;
    private readonly SemaphoreSlim _gate = new(1);
    private string? _tree;
    private volatile bool _dirty;

    internal Workspace(WorkspaceLayout layout, int epoch, GitProgram git, GitBounds bounds)
    {
        Layout = layout;
        Epoch = epoch;
        Git = git;
        Bounds = bounds;
        _traits = FileSystemTraits.Probe(layout.State);
        _snapshots = new(layout, epoch, git, bounds);
        _comparison = new(layout, epoch, git, bounds);
        _links = new(layout, epoch, git, bounds);
        _snapshots.Refresh(_traits);
        Directory.CreateDirectory(WorkTree);
        Directory.CreateDirectory(SandboxHome);
    }

    /// <summary>The epoch's number, from 1.</summary>
    public int Epoch { get; }

    /// <summary>The work tree, <c>work/&lt;epoch&gt;</c>, absolute.</summary>
    public string WorkTree => Layout.Work(Epoch);

    /// <summary><c>state/</c>, absolute.</summary>
    public string StateDir => Layout.State;

    /// <summary>What was installed in this epoch's work tree, <c>state/prepared.&lt;epoch&gt;.json</c>; there once that was done.</summary>
    public string PreparedPath => Path.Combine(StateDir, $"prepared.{Epoch}.json");

    /// <summary>The HOME of what runs in the sandbox for this epoch (package caches), absolute, outside the work tree.</summary>
    public string SandboxHome => Layout.Home(Epoch);

    /// <summary><c>state/transcript.&lt;epoch&gt;.jsonl</c>; it begins as the copy of the newest one before, where the epoch goes on with it.</summary>
    public string TranscriptPath => Layout.Transcript(Epoch);

    internal WorkspaceLayout Layout { get; }

    internal GitProgram Git { get; }

    internal GitBounds Bounds { get; }

    /// <summary>The epoch's git directory: it sees every object of the task, and commits are written here.</summary>
    internal string GitFolderPath => Layout.GitFolder(Epoch);

    /// <summary>
    /// Records the work tree as a tree of raw blobs in the snapshot store and returns its id. Flushed to disk.
    /// </summary>
    /// <param name="changedPaths">
    /// The paths that changed since the last snapshot or checkout, ignored ones too; null: find out by a full scan. After
    /// <see cref="MarkDirty"/> there is a scan besides, so what a tool wrote on purpose in an ignored place is to be named here.
    /// </param>
    public Task<string> SnapshotAsync(IReadOnlyCollection<string>? changedPaths, CancellationToken cancellationToken) =>
        SnapshotAsync(changedPaths, null, cancellationToken);

    /// <summary>
    /// The same by a scan, without some of the changes since a tree. The work tree keeps them and is not written: something may run
    /// there that would lead us elsewhere. Until it is checked out it counts as changed. The snapshot is none of the task's that
    /// others see before <see cref="KeepAsync"/>: what was seen may yet turn out to be not to be trusted.
    /// </summary>
    /// <param name="changedPaths">What changed by name, besides what a scan finds.</param>
    /// <param name="since">The tree.</param>
    /// <param name="refused">Of the changes since then, the paths that are to be as the tree has them.</param>
    /// <param name="cancellationToken">Ends it.</param>
    internal async Task<string> SnapshotAsync(
        IReadOnlyCollection<string> changedPaths, string since, Func<IReadOnlyList<Change>, IReadOnlySet<string>> refused, CancellationToken cancellationToken)
    {
        _dirty = true;
        return await SnapshotAsync(
            changedPaths,
            () => _snapshots.TakeOutAsync(
                ObjectName.Require(since),
                changes =>
                {
                    var paths = refused(changes);
                    if (paths.Count > 0)
                        _dirty = true;
                    return paths;
                },
                cancellationToken),
            cancellationToken).ConfigureAwait(false);
    }

    private async Task<string> SnapshotAsync(IReadOnlyCollection<string>? changedPaths, Func<Task>? amendIndex, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var scan = changedPaths is null || _dirty || _tree is null;
            if (!scan && changedPaths!.Count == 0)
                return _tree!;
            // Reset first: what is marked while we look is looked at again.
            _dirty = false;
            try
            {
                if (changedPaths is { Count: > 0 })
                    await _snapshots.RecordAsync(changedPaths, cancellationToken).ConfigureAwait(false);
                if (scan)
                    await _snapshots.ScanAsync(cancellationToken).ConfigureAwait(false);
                if (amendIndex is not null)
                    await amendIndex().ConfigureAwait(false);
                var tree = await _snapshots.WriteTreeAsync(cancellationToken).ConfigureAwait(false);
                if (amendIndex is null)
                    await KeepAsync(tree, cancellationToken).ConfigureAwait(false);
                _tree = tree;
                return tree;
            }
            catch
            {
                _dirty = true;
                throw;
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Makes a snapshot the newest that <see cref="WorkspaceStore.Find"/> shows.</summary>
    internal Task KeepAsync(string tree, CancellationToken cancellationToken) =>
        DurableFile.WriteAsync(Layout.Snapshot(Epoch), Encoding.ASCII.GetBytes(tree), cancellationToken);

    /// <summary>
    /// Makes the work tree equal to a snapshot: writes what differs, deletes what is not in it and not ignored. Cheap where the
    /// tree is there already and <see cref="MarkDirty"/> was not called.
    /// </summary>
    public async Task CheckoutAsync(string tree, CancellationToken cancellationToken)
    {
        ObjectName.Require(tree);
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_tree == tree && !_dirty)
                return;
            var clean = _dirty || Directory.EnumerateFileSystemEntries(WorkTree).Any();
            _dirty = false;
            _tree = null;
            try
            {
                await _snapshots.RestoreAsync(tree, clean, cancellationToken).ConfigureAwait(false);
                await WorkTreeRepository.EnsureAsync(this, _traits, _snapshots.Index, tree, cancellationToken).ConfigureAwait(false);
                await KeepAsync(tree, cancellationToken).ConfigureAwait(false);
                _tree = tree;
            }
            catch
            {
                _dirty = true;
                throw;
            }
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Something other than our tools wrote in the work tree: the next snapshot or checkout scans it.</summary>
    public void MarkDirty() => _dirty = true;

    /// <summary>The changes between two snapshots, in the form of <see cref="Tasks.TaskResult.Changes"/>, renames found.</summary>
    public Task<IReadOnlyList<Change>> DiffAsync(string fromTree, string toTree, CancellationToken cancellationToken) =>
        _comparison.ChangesAsync(ObjectName.Require(fromTree), ObjectName.Require(toTree), cancellationToken);

    /// <summary>
    /// The same as a unified patch that <c>git apply</c> takes. Files whose text is not UTF-8 stand in it as binary patches.
    /// </summary>
    public Task<string> PatchAsync(string fromTree, string toTree, CancellationToken cancellationToken) =>
        _comparison.PatchAsync(ObjectName.Require(fromTree), ObjectName.Require(toTree), cancellationToken);

    /// <summary>The symbolic links of a tree: path, and where it says to go.</summary>
    internal Task<IReadOnlyDictionary<string, string>> LinksAsync(string tree, CancellationToken cancellationToken) =>
        _links.ReadAsync(ObjectName.Require(tree), cancellationToken);

    /// <summary>What the last checkout or snapshot holds: mode and path of each entry.</summary>
    internal async Task<IReadOnlyList<(string Mode, string Path)>> ListIndexAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return await _snapshots.ListIndexAsync(cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>A clone was finished: its objects can be seen from now on.</summary>
    internal async Task AdoptCloneAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _snapshots.Refresh(_traits);
        }
        finally
        {
            _gate.Release();
        }
    }

    internal FileSystemTraits Traits => _traits;

    /// <summary>The newest finished clone; null: none yet.</summary>
    internal CloneRecord? LatestClone() => Layout.FinishedClones() is [.., var last] ? CloneRecord.Read(last) : null;
}
