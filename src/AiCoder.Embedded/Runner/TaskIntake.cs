using System.Runtime.CompilerServices;
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
    /// <param name="spec">The task.</param>
    /// <param name="secrets">Its secrets.</param>
    /// <param name="identity">By what it is known when it is sent again.</param>
    /// <param name="confirmAsync">
    /// Asked whether a new task is this journal's to run, once all of it is on the disk; null: it is. Where it says no, the task is
    /// forgotten and both parts of the answer are null. Where it throws, the task stays unconfirmed, for <see cref="SettleAsync"/>.
    /// </param>
    /// <param name="cancellationToken">Gives up before the task is in the journal.</param>
    /// <exception cref="FailureException">Also <c>system/storage_unavailable</c> where the id is being taken in right now.</exception>
    public async Task<(TaskRow? Row, TaskClaim? Claim)> TakeInAsync(
        TaskSpec spec, TaskSecrets secrets, TaskIdentity identity, Func<CancellationToken, Task<bool>>? confirmAsync, CancellationToken cancellationToken)
    {
        var hasSecrets = secrets.All.Any();
        var ready = confirmAsync is null ? RowState.Pending : RowState.Unconfirmed;
        var now = journal.Now;
        var wanted = new TaskRow(
            0, spec.TaskId, spec.RepoUrl, JsonSerializer.Serialize(spec, AiCoderJson.Options), identity.Request, identity.Secrets,
            hasSecrets ? RowState.Reserved : ready, null, null, now, now, null, leases.OwnerId, 1, hasSecrets);

        var (row, claim) = await journal.WriteAsync(connection => Insert(connection, wanted), cancellationToken).ConfigureAwait(false);
        if (claim is null)
        {
            // It may still be forgotten, so it is the same as nothing yet.
            if (row.State == RowState.Unconfirmed || (row.State == RowState.Reserved && confirmAsync is not null))
                throw new FailureException(
                    FailureCodes.StorageUnavailable, $"Task {spec.TaskId} came from the queue and is being taken in. Try again; a service that runs with --queue settles it.");
            return (row, null);
        }

        leases.Start();
        if (hasSecrets)
            await PutSecretsAsync(spec.TaskId, secrets, claim, ready, cancellationToken).ConfigureAwait(false);
        if (confirmAsync is not null && !await ConfirmAsync(claim, confirmAsync, cancellationToken).ConfigureAwait(false))
            return (null, null);
        return (row with { State = RowState.Pending }, claim);
    }

    /// <summary>
    /// Decides about every task that a start left unconfirmed and that nobody decides about now, and forgets those that never got so
    /// far.
    /// </summary>
    /// <param name="confirmAsync">As above, for one task.</param>
    /// <param name="leaveOpen">Told of each that can't be decided about: it stays as it is.</param>
    /// <param name="cancellationToken">Gives up; what is left stays as it is.</param>
    /// <returns>The tasks that are this host's to run now.</returns>
    public async IAsyncEnumerable<(TaskRow Row, TaskClaim Claim)> SettleAsync(
        Func<TaskRow, CancellationToken, Task<bool>> confirmAsync, Action<UnsettledTask> leaveOpen, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var left in await journal.ReadAsync(TaskTable.Reserved, cancellationToken).ConfigureAwait(false))
        {
            var (row, claim) = await journal.WriteAsync(connection => TakeOver(connection, left), cancellationToken).ConfigureAwait(false);
            if (claim is null)
                continue;
            leases.Start();
            var isOurs = false;
            try
            {
                if (row!.State == RowState.Reserved)
                    await ForgetAsync(claim).ConfigureAwait(false);
                else
                    isOurs = await ConfirmAsync(claim, stop => confirmAsync(row, stop), cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
            {
                leaveOpen(new(row!.Id, exception));
            }

            if (isOurs)
                yield return (row! with { State = RowState.Pending }, claim);
        }
    }

    private async Task PutSecretsAsync(string taskId, TaskSecrets secrets, TaskClaim claim, string ready, CancellationToken cancellationToken)
    {
        // The id is ours but nobody sees the task yet: a kill here leaves a reservation, which the next start replaces.
        try
        {
            await secretStore.PutAsync(taskId, secrets, cancellationToken).ConfigureAwait(false);
            await SetStateAsync(claim, ready, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            await ForgetAsync(claim).ConfigureAwait(false);
            if (exception is LeaseLostException)
                throw TookTooLong(taskId, exception);
            throw;
        }
    }

    private async Task<bool> ConfirmAsync(TaskClaim claim, Func<CancellationToken, Task<bool>> confirmAsync, CancellationToken cancellationToken)
    {
        try
        {
            if (await confirmAsync(cancellationToken).ConfigureAwait(false))
            {
                await SetStateAsync(claim, RowState.Pending, CancellationToken.None).ConfigureAwait(false);
                return true;
            }
        }
        catch (Exception exception)
        {
            // Nobody knows what was decided. Not forgotten, because it may be this journal's, and others may rely on that already.
            await leases.ReleaseAsync(claim).ConfigureAwait(false);
            if (exception is LeaseLostException)
                throw TookTooLong(claim.TaskId, exception);
            throw;
        }

        await ForgetAsync(claim).ConfigureAwait(false);
        return false;
    }

    /// <summary>Takes a new task back, unless another has it by now.</summary>
    private async Task ForgetAsync(TaskClaim claim)
    {
        try
        {
            // The id is held until the secrets are gone: another start's must not go with them. A kill in between leaves a reservation.
            await SetStateAsync(claim, RowState.Reserved, CancellationToken.None).ConfigureAwait(false);
            await secretStore.DeleteAsync(claim.TaskId, CancellationToken.None).ConfigureAwait(false);
            await journal.WriteAsync(connection =>
            {
                TaskTable.Fence(connection, claim, journal.Now);
                TaskTable.Delete(connection, claim.Task);
                return true;
            }).ConfigureAwait(false);
        }
        catch (LeaseLostException)
        {
            // Then it is the other's, secrets and all.
        }
        catch
        {
            await leases.ReleaseAsync(claim).ConfigureAwait(false);
            throw;
        }
    }

    private Task SetStateAsync(TaskClaim claim, string state, CancellationToken cancellationToken) => journal.WriteAsync(
        connection =>
        {
            TaskTable.Fence(connection, claim, journal.Now);
            TaskTable.SetState(connection, claim.Task, state);
            return true;
        },
        cancellationToken);

    private (TaskRow Row, TaskClaim? Claim) Insert(JournalConnection connection, TaskRow wanted)
    {
        if (TaskTable.Find(connection, wanted.Id) is { } existing)
        {
            if (existing.State != RowState.Reserved || TaskRecords.LiveOwner(connection, existing, journal.Now) is not null)
                return (existing, null);
            TaskTable.Delete(connection, existing.Number);
        }

        leases.Register(connection);
        TaskTable.Insert(connection, wanted);
        var row = TaskTable.Find(connection, wanted.Id)!;
        return (row, new TaskClaim(row.Number, row.Id, leases.OwnerId, row.Claim));
    }

    private (TaskRow? Row, TaskClaim? Claim) TakeOver(JournalConnection connection, TaskRow left)
    {
        var row = TaskTable.Find(connection, left.Id);
        if (row is not { State: RowState.Reserved or RowState.Unconfirmed } || TaskRecords.LiveOwner(connection, row, journal.Now) is not null)
            return (row, null);
        leases.Register(connection);
        return (row, TaskTable.Claim(connection, row, leases.OwnerId));
    }

    private static FailureException TookTooLong(string taskId, Exception exception) => new(
        FailureCodes.StorageUnavailable, $"Taking in task {taskId} took so long that another start took the id over. Try again.", exception);
}
