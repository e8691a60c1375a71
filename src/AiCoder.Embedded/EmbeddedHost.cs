using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Activities;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.Leases;
using AiCoder.Embedded.Runner;
using Microsoft.Extensions.Logging;

namespace AiCoder.Embedded;

/// <summary>
/// Runs tasks in this process, on the journal in STATE_DIR. Several processes may have a host on the same journal: each task is
/// run by one of them, and any of them can look at it, send it something or cancel it.
/// <para>
/// Every member may throw <see cref="FailureException"/> with <c>system/disk_full</c>, <c>system/storage_unavailable</c> or
/// <c>system/configuration</c> where the journal can't be used.
/// </para>
/// </summary>
public sealed class EmbeddedHost : IAsyncDisposable
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(250);

    private readonly TaskJournal _journal;
    private readonly ISecretStore _secretStore;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TaskCleanup _cleanup;
    private readonly ProgressHub _progress = new();
    private readonly TaskDispatcher _dispatcher;
    private readonly LeaseKeeper _leases;
    private readonly TaskIntake _intake;
    private readonly TaskMailbox _mailbox;
    private readonly TaskReader _reader;
    private readonly TaskRemoval _removal;
    private readonly Lock _disposing = new();
    private Task? _stopped;

    private EmbeddedHost(EmbeddedHostSetup setup, TaskJournal journal)
    {
        (_journal, _secretStore, _time) = (journal, setup.Secrets, setup.Time);
        _logger = setup.LoggerFactory.CreateLogger<EmbeddedHost>();
        _cleanup = new TaskCleanup(setup, journal, _logger);
        var redaction = new TaskRedaction(setup, _logger);
        var services = new RunnerServices
        {
            Journal = journal,
            Activities = setup.Activities,
            Workflow = setup.Workflow,
            RedactorAsync = redaction.RedactorAsync,
            Time = setup.Time,
            Logger = _logger,
            Publish = _progress.Publish,
            Recorded = setup.Recorded,
        };
        _dispatcher = new TaskDispatcher(services, setup.Options.MaxConcurrentTasks, AfterRunAsync);
        _leases = new LeaseKeeper(journal, _dispatcher, CancelWaitingAsync, setup.Time, _logger);
        _mailbox = new TaskMailbox(journal, redaction);
        _intake = new TaskIntake(journal, setup.Secrets, _leases);
        _reader = new TaskReader(journal);
        _removal = new TaskRemoval(setup, journal, _leases);
    }

    /// <summary>Opens the journal and makes it where there is none. Runs nothing yet.</summary>
    public static EmbeddedHost Open(EmbeddedHostSetup setup)
    {
        ArgumentNullException.ThrowIfNull(setup);
        return new EmbeddedHost(setup, TaskJournal.Open(setup.Options.StateDir, setup.Time));
    }

    /// <summary>
    /// Takes a task in and runs it, or lets it wait for its turn. The same task again is the same task: where nobody runs it any
    /// more, this host goes on with it.
    /// </summary>
    /// <param name="spec">The task.</param>
    /// <param name="secrets">Its secrets; put into the secret store before the task is in the journal, deleted when it ends.</param>
    /// <param name="requestFingerprint">Of the request without its secrets: equal means the same request.</param>
    /// <param name="secretFingerprint">What <see cref="SecretFingerprint.Format"/> makes of the secrets' keyed hashes.</param>
    /// <param name="cancellationToken">Gives up before the task is in the journal.</param>
    public async Task<StartOutcome> StartAsync(
        TaskSpec spec, TaskSecrets secrets, string requestFingerprint, string secretFingerprint, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(secrets);
        return (await StartAsync(spec, secrets, new TaskIdentity(requestFingerprint, secretFingerprint), null, cancellationToken).ConfigureAwait(false))!;
    }

    /// <summary>
    /// The same where something outside of the journal decides whether a new task is this host's to run.
    /// </summary>
    /// <param name="task">The task.</param>
    /// <param name="identity">By what it is known when it is sent again.</param>
    /// <param name="confirmAsync">
    /// Asked for a new task, when task and secrets are on the disk and before anybody sees or runs it. Where it says no, the task is
    /// forgotten. Where it throws, or this process is killed around it, the task waits for <see cref="SettleAsync"/>, which asks again;
    /// so what it has decided once it must decide again.
    /// </param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <returns>Null where it said no.</returns>
    /// <exception cref="FailureException">Also <c>system/storage_unavailable</c> while the same id is being decided about.</exception>
    public Task<StartOutcome?> StartAsync(
        AcceptedTask task, TaskIdentity identity, Func<CancellationToken, Task<bool>> confirmAsync, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(identity);
        ArgumentNullException.ThrowIfNull(confirmAsync);
        return StartAsync(task.Spec, task.Secrets, identity, confirmAsync, cancellationToken);
    }

    /// <summary>
    /// Asks again about every task that was left unconfirmed, and runs those that are this host's; forgets what a start left behind before
    /// it came so far. One that can't be decided about stays as it is, and keeps none of the others.
    /// </summary>
    /// <returns>How many tasks this host runs now that it did not run before, and what is still open.</returns>
    public async Task<SettleOutcome> SettleAsync(Func<AcceptedTask, CancellationToken, Task<bool>> confirmAsync, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(confirmAsync);
        var count = 0;
        var open = new List<UnsettledTask>();
        await foreach (var (row, claim) in _intake.SettleAsync(AskAsync, open.Add, cancellationToken).ConfigureAwait(false))
        {
            await HostAsync(row, claim).ConfigureAwait(false);
            count++;
        }

        return new(count, open);

        async Task<bool> AskAsync(TaskRow row, CancellationToken stop)
        {
            var secrets = row.HasSecrets ? await _secretStore.GetAsync(row.Id, stop).ConfigureAwait(false) : TaskSecrets.None;
            return await confirmAsync(new(TaskRecords.Spec(row), secrets, row.RequestFingerprint), stop).ConfigureAwait(false);
        }
    }

    /// <summary>The journal's id, by which servers with other journals know it.</summary>
    public Task<string> GetJournalIdAsync(CancellationToken cancellationToken = default) => _journal.ReadAsync(MetaTable.JournalId, cancellationToken);

    /// <summary>How many tasks this host runs or has waiting for their turn.</summary>
    public int HostedTasks => _dispatcher.Tasks.Count;

    /// <summary>Goes on with a task that nobody runs.</summary>
    public async Task<ResumeOutcome> ResumeAsync(string taskId, CancellationToken cancellationToken = default)
    {
        if (_dispatcher.Find(taskId) is not null)
            return new ResumeOutcome(ResumeKind.RunningHere, await GetAsync(taskId, cancellationToken).ConfigureAwait(false));

        var (kind, row, claim) = await _journal.WriteAsync(connection => Claim(connection, taskId), cancellationToken).ConfigureAwait(false);
        if (claim is not null)
            await HostAsync(row!, claim).ConfigureAwait(false);
        return new ResumeOutcome(kind, await GetAsync(taskId, CancellationToken.None).ConfigureAwait(false));
    }

    /// <summary>Goes on with every task that nobody runs, in order of arrival. Returns their ids.</summary>
    public async Task<IReadOnlyList<string>> ResumeAllAsync(CancellationToken cancellationToken = default)
    {
        await _cleanup.SweepSecretsAsync(cancellationToken).ConfigureAwait(false);
        var open = await _journal.ReadAsync(TaskTable.Open, cancellationToken).ConfigureAwait(false);
        var resumed = new List<string>();
        foreach (var row in open)
        {
            if ((await ResumeAsync(row.Id, cancellationToken).ConfigureAwait(false)).Kind == ResumeKind.Resumed)
                resumed.Add(row.Id);
        }

        return resumed;
    }

    /// <summary>
    /// Waits until a task has ended, or until nobody runs it any more: the record then has no result, and the task can be
    /// resumed.
    /// </summary>
    /// <returns>Null where there is no such task.</returns>
    /// <exception cref="FailureException">This host ran it and could not write its journal; it can be resumed.</exception>
    public async Task<TaskRecord?> WaitAsync(string taskId, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            if (_dispatcher.Find(taskId) is { } hosted)
            {
                var ending = await hosted.Ending.WaitAsync(cancellationToken).ConfigureAwait(false);
                if (ending.Failure is { } failure)
                    throw new FailureException(failure);
            }

            var record = await GetAsync(taskId, cancellationToken).ConfigureAwait(false);
            if (record is null or { HasEnded: true } or { RunBy: null })
                return record;
            await Task.Delay(PollEvery, _time, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>A task, or null where there is none of that id.</summary>
    public Task<TaskRecord?> GetAsync(string taskId, CancellationToken cancellationToken = default) => _reader.FindAsync(taskId, cancellationToken);

    /// <summary>Tasks, the newest first.</summary>
    /// <param name="limit">How many at most.</param>
    /// <param name="before">Only tasks with a lower <see cref="TaskRecord.Number"/>: the next page.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<IReadOnlyList<TaskRecord>> ListAsync(int limit = 100, long? before = null, CancellationToken cancellationToken = default) =>
        _reader.ListAsync(limit, before, cancellationToken);

    /// <summary>The ordered history of a task, for support and tests; empty where there is none of that id.</summary>
    public Task<IReadOnlyList<HistoryEvent>> GetHistoryAsync(string taskId, CancellationToken cancellationToken = default) =>
        _reader.HistoryAsync(taskId, cancellationToken);

    /// <summary>
    /// A task's events so far, in order: those whose delivery was begun, which is at most the events before the first that still
    /// waits for its receiver.
    /// </summary>
    /// <param name="taskId">The task.</param>
    /// <param name="after">Only events with a higher sequence.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<IReadOnlyList<TaskEvent>> GetEventsAsync(string taskId, int after = 0, CancellationToken cancellationToken = default) =>
        _reader.EventsAsync(taskId, after, cancellationToken);

    /// <summary>
    /// Cancels a task, whoever runs it: the workflow receives <see cref="WorkflowEvents.Cancel"/> and running activities their
    /// signal. A task that nobody runs ends with this call.
    /// </summary>
    public async Task<CancelOutcome> CancelAsync(string taskId, string? reason = null, CancellationToken cancellationToken = default)
    {
        // A task that waits for its turn here has no code running that could end it.
        var waiting = _dispatcher.TakeWaiting(taskId);
        CancelOutcome outcome;
        TaskRow? row;
        try
        {
            (outcome, row) = await _mailbox.CancelAsync(taskId, reason, waiting?.Claim, cancellationToken).ConfigureAwait(false);
        }
        catch when (waiting is not null)
        {
            _dispatcher.Add(waiting);
            throw;
        }

        if (outcome == CancelOutcome.Cancelled)
        {
            await _cleanup.EndedAsync(row!).ConfigureAwait(false);
            var result = TaskRecords.Of(row!, null).Result;
            _progress.Publish(new(taskId, _time.GetUtcNow().UtcDateTime, Result: result));
            waiting?.End(new RunEnding(RunEndingKind.Ended, result));
        }

        waiting?.End(new RunEnding(RunEndingKind.Lost));
        _dispatcher.Find(taskId)?.Runner?.Wake();
        return outcome;
    }

    /// <summary>Answers a task that awaits approval.</summary>
    public Task<SendOutcome> ApproveAsync(string taskId, bool approved, string? comment = null, CancellationToken cancellationToken = default) =>
        SentAsync(taskId, _mailbox.ApproveAsync(taskId, new(approved, comment), cancellationToken));

    /// <summary>Sends an external event to a task's workflow.</summary>
    public Task<SendOutcome> RaiseEventAsync(string taskId, string eventName, object? payload, CancellationToken cancellationToken = default) =>
        SentAsync(taskId, _mailbox.RaiseEventAsync(taskId, eventName, payload, cancellationToken));

    /// <summary>Tells a running task something; its activity reads it between two steps.</summary>
    public Task<SendOutcome> SendMessageAsync(string taskId, string text, CancellationToken cancellationToken = default) =>
        SentAsync(taskId, _mailbox.SendMessageAsync(taskId, text, cancellationToken));

    /// <summary>
    /// Removes a task, its history, its secrets and its workspace. Refused while it has not ended: also one that was interrupted is
    /// somebody's work, until it is cancelled.
    /// </summary>
    public Task<DeleteOutcome> DeleteAsync(string taskId, CancellationToken cancellationToken = default) => _removal.RemoveAsync(taskId, cancellationToken);

    /// <summary>Updates for a live display, of one task or of all that this host runs.</summary>
    public ProgressSubscription Subscribe(string? taskId = null) => _progress.Subscribe(taskId);

    /// <summary>
    /// Removes the workspaces of tasks that ended more than RETENTION_DAYS ago, and secrets that a kill left behind. Results and
    /// histories stay. Returns how many workspaces were removed.
    /// </summary>
    public Task<int> SweepAsync(CancellationToken cancellationToken = default) => _cleanup.SweepAsync(cancellationToken);

    /// <summary>
    /// Stops: activities are asked to end at their next safe point and, after the bound, stopped. Tasks that have not ended are
    /// let go, so that any host can resume them at once.
    /// </summary>
    public Task StopAsync(TimeSpan bound)
    {
        lock (_disposing)
            return _stopped ??= StopOnceAsync(bound);
    }

    /// <summary>Stops at once where <see cref="StopAsync"/> was not called before, and closes the journal.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.Zero).ConfigureAwait(false);
        _journal.Dispose();
    }

    private async Task StopOnceAsync(TimeSpan bound)
    {
        await _dispatcher.StopAsync(bound).ConfigureAwait(false);
        await _leases.DisposeAsync().ConfigureAwait(false);
        try
        {
            await _leases.ReleaseAllAsync().ConfigureAwait(false);
        }
        catch (FailureException exception)
        {
            // Others then wait for the lease to run out, or see that this process is gone.
            _logger.LogWarning("This host's tasks could not be let go: {Failure}", exception.Failure.ToString());
        }
    }

    private async Task<StartOutcome?> StartAsync(
        TaskSpec spec, TaskSecrets secrets, TaskIdentity identity, Func<CancellationToken, Task<bool>>? confirmAsync, CancellationToken cancellationToken)
    {
        var (row, claim) = await _intake.TakeInAsync(spec, secrets, identity, confirmAsync, cancellationToken).ConfigureAwait(false);
        if (row is null)
            return null;
        if (claim is not null)
        {
            await HostAsync(row, claim).ConfigureAwait(false);
            return new StartOutcome(StartKind.Started, (await GetAsync(spec.TaskId, CancellationToken.None).ConfigureAwait(false))!, []);
        }

        var differences = new TaskIdentity(row.RequestFingerprint, row.SecretFingerprint).Differences(TaskRecords.Spec(row), identity, spec);
        if (differences.Count > 0)
            return new StartOutcome(StartKind.Conflict, await _reader.RecordAsync(row, cancellationToken).ConfigureAwait(false), differences);
        var resumed = await ResumeAsync(spec.TaskId, cancellationToken).ConfigureAwait(false);
        return new StartOutcome(StartKind.Same, resumed.Task ?? await _reader.RecordAsync(row, cancellationToken).ConfigureAwait(false), []);
    }

    private (ResumeKind Kind, TaskRow? Row, TaskClaim? Claim) Claim(JournalConnection connection, string taskId)
    {
        if (TaskTable.Find(connection, taskId) is not { } row)
            return (ResumeKind.NotFound, null, null);
        if (row.EndedAt is not null)
            return (ResumeKind.Ended, row, null);
        if (TaskRecords.LiveOwner(connection, row, _journal.Now) is { } owner)
            return (owner.Id == _leases.OwnerId ? ResumeKind.RunningHere : ResumeKind.RunningElsewhere, row, null);
        // Its secrets never arrived: there is nothing to run, and the next start of the id replaces it. Or it is not known whose it is.
        if (row.State is RowState.Reserved or RowState.Unconfirmed)
            return (ResumeKind.NotFound, row, null);
        _leases.Register(connection);
        return (ResumeKind.Resumed, row, TaskTable.Claim(connection, row, _leases.OwnerId));
    }

    private async Task<SendOutcome> SentAsync(string taskId, Task<SendOutcome> sending)
    {
        var outcome = await sending.ConfigureAwait(false);
        _dispatcher.Find(taskId)?.Runner?.Wake();
        return outcome;
    }

    private async Task HostAsync(TaskRow row, TaskClaim claim)
    {
        _leases.Start();
        if (!_dispatcher.Add(new HostedTask(claim, TaskRecords.Spec(row), row.Repository)))
            await _leases.ReleaseAsync(claim).ConfigureAwait(false);
    }

    private async Task AfterRunAsync(HostedTask task, RunEnding ending)
    {
        if (ending.Kind == RunEndingKind.Ended)
        {
            var row = await _journal.ReadAsync(connection => TaskTable.Find(connection, task.Claim.TaskId)).ConfigureAwait(false);
            if (row?.Number != task.Claim.Task)
                return;
            await _cleanup.EndedAsync(row).ConfigureAwait(false);
        }
        else if (ending.Kind is RunEndingKind.Faulted or RunEndingKind.Stopped)
        {
            try
            {
                await _leases.ReleaseAsync(task.Claim).ConfigureAwait(false);
            }
            catch (FailureException exception)
            {
                // The journal that could not be written a moment ago; the failure the caller gets says it already.
                _logger.LogDebug("Task {TaskId} could not be let go: {Failure}", task.Claim.TaskId, exception.Failure.ToString());
            }
        }
    }

    private async Task CancelWaitingAsync(HostedTask task)
    {
        if (await _journal.ReadAsync(connection => InboxTable.WasSent(connection, task.Claim.Task, WorkflowEvents.Cancel)).ConfigureAwait(false))
            await CancelAsync(task.Claim.TaskId).ConfigureAwait(false);
    }
}
