using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Git;
using AiCoder.Core.Processes;

namespace AiCoder.Core.Workspaces;

/// <summary>Claims, finds and removes the workspaces under WORKSPACE_DIR. One per process: it is what makes a claim the process's.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore without a wait handle holds nothing that needs disposal.")]
public sealed class WorkspaceStore
{
    private const int FileExists = 17; // EEXIST

    private readonly AiCoderOptions _options;
    private readonly GitProgram _git;
    private readonly GitBounds _bounds;
    private readonly TimeProvider _time;
    private readonly Dictionary<string, (Workspace Workspace, byte[] Owner)> _claims = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _gate = new(1);

    public WorkspaceStore(AiCoderOptions options)
        : this(options, new GitProgram(options, new ProcessRunner(TimeProvider.System)), new GitBounds(), TimeProvider.System)
    {
    }

    public WorkspaceStore(AiCoderOptions options, GitProgram git, GitBounds bounds, TimeProvider time) =>
        (_options, _git, _bounds, _time) = (options, git, bounds, time);

    /// <summary>
    /// This process's claim of the task: the one it has while no other process has taken a newer epoch, else a new one (whose
    /// work tree is empty until something is checked out).
    /// </summary>
    /// <param name="taskId">The task.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="goesOnWithTranscript">
    /// Whether the conversation so far is copied into the epoch. Not so for a validation: it may run on another machine beside the
    /// analysis, and an epoch without a transcript lets that one write on where it is.
    /// </param>
    public async Task<Workspace> OpenAsync(string taskId, CancellationToken cancellationToken, bool goesOnWithTranscript = true)
    {
        var layout = LayoutOf(taskId);
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (!_claims.TryGetValue(taskId, out var claim) || !IsCurrent(layout, claim.Workspace.Epoch, claim.Owner))
            {
                var owner = JsonSerializer.SerializeToUtf8Bytes(
                    new WorkspaceOwner(Environment.MachineName, Environment.ProcessId, _time.GetUtcNow(), Guid.NewGuid().ToString("n")), AiCoderJson.Options);
                var epoch = await ClaimAsync(layout, owner, cancellationToken).ConfigureAwait(false);
                _claims[taskId] = claim = (new Workspace(layout, epoch, _git, _bounds), owner);
            }

            if (goesOnWithTranscript && !File.Exists(claim.Workspace.TranscriptPath))
                await CopyTranscriptAsync(layout, claim.Workspace.Epoch, cancellationToken).ConfigureAwait(false);
            return claim.Workspace;
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>What the task's newest snapshot holds, without claiming anything; null where it has none.</summary>
    public WorkspaceView? Find(string taskId)
    {
        var layout = LayoutOf(taskId);
        var epoch = layout.NewestSnapshot();
        if (epoch == 0 || layout.FinishedClones() is not [.., var clone] || CloneRecord.Read(clone) is not { } record)
            return null;
        return new(layout, epoch, record, File.ReadAllText(layout.Snapshot(epoch)).Trim(), _git, _bounds);
    }

    /// <summary>
    /// The task has ended: its claim is given up, and work trees and package caches are moved out of sight, for
    /// <see cref="EmptyTrash"/> to remove; snapshots and transcript stay.
    /// </summary>
    public async Task ReleaseAsync(string taskId, CancellationToken cancellationToken)
    {
        await ForgetAsync(taskId, cancellationToken).ConfigureAwait(false);
        var layout = LayoutOf(taskId);
        Discard(Path.Combine(layout.Task, "work"));
        Discard(Path.Combine(layout.Task, "home"));
    }

    /// <summary>Removes all that is kept of a task. Does nothing where there is nothing.</summary>
    public async Task DeleteAsync(string taskId, CancellationToken cancellationToken)
    {
        await ForgetAsync(taskId, cancellationToken).ConfigureAwait(false);
        if (Discard(LayoutOf(taskId).Task) is { } moved)
            FolderRemoval.Remove(moved);
        EmptyTrash(cancellationToken);
    }

    /// <summary>Removes what <see cref="ReleaseAsync"/>, or an interrupted removal, moved out of sight. May take long.</summary>
    public void EmptyTrash(CancellationToken cancellationToken)
    {
        if (!Directory.Exists(Trash))
            return;
        foreach (var leftover in Directory.EnumerateDirectories(Trash))
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                FolderRemoval.Remove(leftover);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // What can't be removed now is no trouble of the next task's; each further call tries again.
            }
        }
    }

    private string Trash => Path.Combine(_options.WorkspaceDir, ".trash");

    private async Task ForgetAsync(string taskId, CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            _claims.Remove(taskId);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>Moves a folder out of sight, which is quick, and so that a kill in the middle of its removal leaves no half of it in its place.</summary>
    private string? Discard(string folder)
    {
        if (!Directory.Exists(folder))
            return null;
        Directory.CreateDirectory(Trash);
        var moved = Path.Combine(Trash, Guid.NewGuid().ToString("n"));
        Directory.Move(folder, moved);
        return moved;
    }

    /// <summary>The task's folder, absolute, whether it is there or not.</summary>
    public string FolderOf(string taskId) => LayoutOf(taskId).Task;

    private WorkspaceLayout LayoutOf(string taskId) => new(TaskFolder.Of(_options.WorkspaceDir, taskId));

    /// <summary>
    /// Whether an epoch is the newest and still this claim's: a task that was deleted and begun again elsewhere counts its epochs anew.
    /// </summary>
    private static bool IsCurrent(WorkspaceLayout layout, int epoch, byte[] owner) =>
        layout.NewestEpoch() == epoch && File.ReadAllBytes(layout.Owner(epoch)).AsSpan().SequenceEqual(owner);

    private static async Task<int> ClaimAsync(WorkspaceLayout layout, byte[] owner, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(layout.State);
        // Exclusive creation decides who owns an epoch; whoever comes second takes the next.
        for (var epoch = layout.NewestEpoch() + 1; ; epoch++)
        {
            try
            {
                var file = new FileStream(layout.Owner(epoch), FileMode.CreateNew, FileAccess.Write);
                await using (file.ConfigureAwait(false))
                {
                    await file.WriteAsync(owner, cancellationToken).ConfigureAwait(false);
                    file.Flush(flushToDisk: true);
                }
                return epoch;
            }
            catch (IOException exception) when ((exception.HResult & 0xFFFF) == FileExists || File.Exists(layout.Owner(epoch)))
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    /// <summary>Copies whole lines only: the last one may have been cut by a kill.</summary>
    private static async Task CopyTranscriptAsync(WorkspaceLayout layout, int epoch, CancellationToken cancellationToken)
    {
        var before = layout.NewestTranscript(below: epoch);
        if (before == 0)
            return;
        var content = await File.ReadAllBytesAsync(layout.Transcript(before), cancellationToken).ConfigureAwait(false);
        var end = Array.LastIndexOf(content, (byte)'\n') + 1;
        await DurableFile.WriteAsync(layout.Transcript(epoch), content.AsMemory(0, end), cancellationToken).ConfigureAwait(false);
    }
}
