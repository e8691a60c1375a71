using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.Leases;

namespace AiCoder.Embedded.Runner;

/// <summary>
/// Takes a task into the journal once, however many ask for it at the same time, with its secrets put away before anyone can
/// run it.
/// </summary>
internal sealed class TaskIntake(TaskJournal journal, ISecretStore secretStore, LeaseKeeper leases)
{
    /// <summary>The row that has the id now, and this host's claim where the task is new.</summary>
    public async Task<(TaskRow Row, TaskClaim? Claim)> TakeInAsync(
        TaskSpec spec, TaskSecrets secrets, string requestFingerprint, string secretFingerprint, CancellationToken cancellationToken)
    {
        var hasSecrets = secrets.All.Any();
        var now = journal.Now;
        var wanted = new TaskRow(
            0, spec.TaskId, spec.RepoUrl, JsonSerializer.Serialize(spec, AiCoderJson.Options), requestFingerprint, secretFingerprint,
            hasSecrets ? RowState.Reserved : RowState.Pending, null, null, now, now, null, leases.OwnerId, 1, hasSecrets);

        var (row, claim) = await journal.WriteAsync(connection => Insert(connection, wanted), cancellationToken).ConfigureAwait(false);
        if (claim is null || !hasSecrets)
            return (row, claim);

        // The id is ours but nobody sees the task yet: a kill here leaves a reservation, which the next start replaces.
        try
        {
            await secretStore.PutAsync(spec.TaskId, secrets, cancellationToken).ConfigureAwait(false);
            await journal.WriteAsync(
                connection =>
                {
                    TaskTable.Fence(connection, claim, journal.Now);
                    TaskTable.SetState(connection, claim.Task, RowState.Pending);
                    return true;
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            await UndoAsync(claim).ConfigureAwait(false);
            if (exception is LeaseLostException)
                throw new FailureException(
                    FailureCodes.StorageUnavailable, $"Putting away the secrets of task {spec.TaskId} took so long that another start took the id over. Try again.", exception);
            throw;
        }

        return (row with { State = RowState.Pending }, claim);
    }

    private async Task UndoAsync(TaskClaim claim)
    {
        var wasOurs = await journal.WriteAsync(connection => TaskTable.DeleteReservation(connection, claim)).ConfigureAwait(false);
        if (wasOurs)
            await secretStore.DeleteAsync(claim.TaskId, CancellationToken.None).ConfigureAwait(false);
    }

    private (TaskRow Row, TaskClaim? Claim) Insert(JournalConnection connection, TaskRow wanted)
    {
        if (TaskTable.Find(connection, wanted.Id) is { } existing)
        {
            var isAbandoned = existing.State == RowState.Reserved
                && (existing.Owner is null || OwnerTable.Find(connection, existing.Owner)?.IsLive(journal.Now) != true);
            if (!isAbandoned)
                return (existing, null);
            TaskTable.Delete(connection, existing.Number);
        }

        leases.Register(connection);
        TaskTable.Insert(connection, wanted);
        var row = TaskTable.Find(connection, wanted.Id)!;
        return (row, new TaskClaim(row.Number, row.Id, leases.OwnerId, row.Claim));
    }
}
