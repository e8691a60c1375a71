using AiCoder.Core.Tasks;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.Leases;

namespace AiCoder.Embedded.Runner;

/// <summary>
/// Removes tasks that have ended, with everything that is kept of them. A removal holds the task as who runs it would: one that was
/// overtaken by another, and by a new task of the same id, would take the new one's secrets and workspace.
/// </summary>
internal sealed class TaskRemoval(EmbeddedHostSetup setup, TaskJournal journal, LeaseKeeper leases)
{
    // In one process a second removal waits for the first, and finds the task gone.
    private readonly SemaphoreSlim[] _gates = [.. Enumerable.Range(0, 16).Select(_ => new SemaphoreSlim(1))];

    public async Task<DeleteOutcome> RemoveAsync(string taskId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(taskId);
        var gate = _gates[(uint)taskId.GetHashCode(StringComparison.Ordinal) % _gates.Length];
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            var (outcome, claim) = await journal.WriteAsync(connection => Hold(connection, taskId), cancellationToken).ConfigureAwait(false);
            if (claim is null)
                return outcome;
            leases.Start();
            return await RemoveHeldAsync(claim, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            gate.Release();
        }
    }

    private async Task<DeleteOutcome> RemoveHeldAsync(TaskClaim claim, CancellationToken cancellationToken)
    {
        try
        {
            // The row goes last: where one of these fails, the task is still there to be deleted again.
            await setup.Secrets.DeleteAsync(claim.TaskId, cancellationToken).ConfigureAwait(false);
            await setup.RemoveWorkspaceAsync(claim.TaskId, cancellationToken).ConfigureAwait(false);
            await setup.DeletingAsync(claim.TaskId, cancellationToken).ConfigureAwait(false);
            return await journal.WriteAsync(
                connection =>
                {
                    // Another process that took this one for dead removes it itself, or has done so.
                    if (TaskTable.Find(connection, claim.TaskId) is not { } row || (row.Number, row.Claim) != (claim.Task, claim.Claim))
                        return DeleteOutcome.NotFound;
                    TaskTable.Delete(connection, row.Number);
                    return DeleteOutcome.Deleted;
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            await leases.ReleaseAsync(claim).ConfigureAwait(false);
            throw;
        }
    }

    private (DeleteOutcome Outcome, TaskClaim? Claim) Hold(JournalConnection connection, string taskId)
    {
        if (TaskTable.Find(connection, taskId) is not { } row)
            return (DeleteOutcome.NotFound, null);
        if (row.EndedAt is null || TaskRecords.LiveOwner(connection, row, journal.Now) is not null)
            return (DeleteOutcome.Running, null);
        leases.Register(connection);
        return (DeleteOutcome.Deleted, TaskTable.Claim(connection, row, leases.OwnerId));
    }
}
