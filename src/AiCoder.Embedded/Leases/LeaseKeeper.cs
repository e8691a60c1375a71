using AiCoder.Core.Failures;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.Runner;
using Microsoft.Extensions.Logging;

namespace AiCoder.Embedded.Leases;

/// <summary>
/// This host's lease on its tasks: renews it, notices tasks that others have taken, and wakes those that other processes have
/// sent something.
/// </summary>
internal sealed class LeaseKeeper(TaskJournal journal, TaskDispatcher dispatcher, Func<HostedTask, Task> cancelWaitingAsync, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    /// <summary>How long a dead process's tasks stay its own where its death can't be seen (another container or boot).</summary>
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(200);

    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private Task? _loop;
    private long _renewedAt;

    /// <summary>This host's id in the journal.</summary>
    public string OwnerId { get; } = Guid.NewGuid().ToString("n");

    /// <summary>Registers the host, as part of the transaction that claims its first task.</summary>
    public void Register(JournalConnection connection)
    {
        var now = journal.Now;
        OwnerTable.DeleteDead(connection, now);
        OwnerTable.Put(connection, Lease(now));
        Volatile.Write(ref _renewedAt, now);
    }

    /// <summary>Begins to renew and to look, once.</summary>
    public void Start()
    {
        lock (_lock)
            _loop ??= Task.Run(() => LoopAsync(_stop.Token));
    }

    /// <summary>Lets go of one task.</summary>
    public Task ReleaseAsync(TaskClaim claim) => journal.WriteAsync(connection =>
    {
        TaskTable.Release(connection, claim);
        return true;
    });

    /// <summary>Lets go of every task and forgets this host. Does nothing where it never had one.</summary>
    public async Task ReleaseAllAsync()
    {
        if (Volatile.Read(ref _renewedAt) == 0)
            return;
        await journal.WriteAsync(connection =>
        {
            TaskTable.ReleaseAll(connection, OwnerId);
            OwnerTable.Delete(connection, OwnerId);
            return true;
        }).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        if (_loop is not null)
            await _loop.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task LoopAsync(CancellationToken cancellationToken)
    {
        var seen = -1L;
        try
        {
            using var timer = new PeriodicTimer(PollEvery, time);
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                try
                {
                    if (journal.Now - Volatile.Read(ref _renewedAt) >= RenewEvery.TotalMilliseconds)
                        await RenewAsync(cancellationToken).ConfigureAwait(false);

                    var version = await journal.DataVersionAsync(cancellationToken).ConfigureAwait(false);
                    if (version != seen)
                        await DeliverAsync(cancellationToken).ConfigureAwait(false);
                    seen = version;
                }
                catch (FailureException exception)
                {
                    logger.LogWarning("The lease on this host's tasks could not be renewed: {Failure}", exception.Failure.ToString());
                    await GiveUpWhereExpiredAsync().ConfigureAwait(false);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    // A mistake of ours about one task must not cost the lease of all.
                    logger.LogError(exception, "The inbox could not be delivered");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        // Before the journal is asked: a task that is claimed in between is not lost.
        var hosted = dispatcher.Tasks;
        var now = journal.Now;
        var owned = await journal.WriteAsync(
            connection =>
            {
                OwnerTable.Put(connection, Lease(now));
                return TaskTable.OwnedBy(connection, OwnerId);
            },
            cancellationToken).ConfigureAwait(false);
        Volatile.Write(ref _renewedAt, now);
        // A task that ended by itself in between is not owned either; its runner is done and takes no notice.
        await DropAsync(hosted.Where(task => !owned.Contains((task.Claim.Task, task.Claim.Claim)))).ConfigureAwait(false);
    }

    // Side by side: one whose activities are slow to stop must not keep the lease of the others from being renewed.
    private Task DropAsync(IEnumerable<HostedTask> lost) => Task.WhenAll(lost.Select(task =>
    {
        if (task.Runner is { } runner)
            return runner.LoseAsync();
        dispatcher.TakeWaiting(task.Claim.TaskId)?.End(new RunEnding(RunEndingKind.Lost));
        return Task.CompletedTask;
    }));

    /// <summary>Others may have the tasks once the lease is over, whether or not this host could see it.</summary>
    private async Task GiveUpWhereExpiredAsync()
    {
        if (journal.Now - Volatile.Read(ref _renewedAt) > Length.TotalMilliseconds)
            await DropAsync(dispatcher.Tasks).ConfigureAwait(false);
    }

    private async Task DeliverAsync(CancellationToken cancellationToken)
    {
        var tasks = await journal.ReadAsync(InboxTable.TasksWithWaiting, cancellationToken).ConfigureAwait(false);
        foreach (var task in dispatcher.Tasks.Where(task => tasks.Contains(task.Claim.Task)))
        {
            if (task.Runner is { } runner)
                runner.Wake();
            else
                await cancelWaitingAsync(task).ConfigureAwait(false);
        }
    }

    private Owner Lease(long now) => new(OwnerId, ProcessIdentity.Current, now + (long)Length.TotalMilliseconds);
}
