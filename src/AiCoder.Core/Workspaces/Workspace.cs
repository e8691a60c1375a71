namespace AiCoder.Core.Workspaces;

/// <summary>
/// One claim of a task's folder <c>&lt;WORKSPACE_DIR&gt;/&lt;task_id&gt;/</c>. Each claim is an epoch and writes only in that epoch's
/// paths, so a stalled worker's late writes are never read by anyone.
/// </summary>
public sealed class Workspace
{
    /// <summary>The epoch's number, from 1.</summary>
    public int Epoch => throw new NotImplementedException();

    /// <summary>The work tree, <c>work/&lt;epoch&gt;</c>, absolute.</summary>
    public string WorkTree => throw new NotImplementedException();

    /// <summary><c>state/</c>, absolute.</summary>
    public string StateDir => throw new NotImplementedException();

    /// <summary>The HOME of what runs in the sandbox for this task (package caches), absolute, outside the work tree.</summary>
    public string SandboxHome => throw new NotImplementedException();

    /// <summary><c>state/transcript.&lt;epoch&gt;.jsonl</c>; it begins as the copy of the epoch's before.</summary>
    public string TranscriptPath => throw new NotImplementedException();

    /// <summary>
    /// Records the work tree as a tree of raw blobs in the snapshot store and returns its id. Flushed to disk.
    /// </summary>
    /// <param name="changedPaths">The paths that changed since the last snapshot or checkout; null: find out by a full scan.</param>
    public Task<string> SnapshotAsync(IReadOnlyCollection<string>? changedPaths, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>
    /// Makes the work tree equal to a snapshot: writes what differs, deletes what is not in it and not ignored. Cheap where the
    /// tree is there already and <see cref="MarkDirty"/> was not called.
    /// </summary>
    public Task CheckoutAsync(string tree, CancellationToken cancellationToken) => throw new NotImplementedException();

    /// <summary>Something other than our tools wrote in the work tree: the next snapshot or checkout scans it.</summary>
    public void MarkDirty() => throw new NotImplementedException();

    /// <summary>The changes between two snapshots, in the form of <see cref="Tasks.TaskResult.Changes"/>, renames found.</summary>
    public Task<IReadOnlyList<Change>> DiffAsync(string fromTree, string toTree, CancellationToken cancellationToken) =>
        throw new NotImplementedException();

    /// <summary>The same as a unified patch that <c>git apply</c> takes.</summary>
    public Task<string> PatchAsync(string fromTree, string toTree, CancellationToken cancellationToken) =>
        throw new NotImplementedException();
}

public enum ChangeKind
{
    Created,
    Modified,
    Deleted,
    Renamed,
}

/// <summary>One changed file.</summary>
/// <param name="Kind">How it changed.</param>
/// <param name="Path">Its path after the change, relative, with forward slashes.</param>
/// <param name="OldPath">Its path before, where it was renamed.</param>
public sealed record Change(ChangeKind Kind, string Path, string? OldPath = null)
{
    /// <summary>As results and events say it: <c>modified: src/auth.py</c>.</summary>
    public override string ToString() => Kind switch
    {
        ChangeKind.Created => $"created: {Path}",
        ChangeKind.Deleted => $"deleted: {Path}",
        ChangeKind.Renamed => $"renamed: {OldPath} -> {Path}",
        _ => $"modified: {Path}",
    };
}
