using System.Threading.Channels;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.Leases;
using AiCoder.Embedded.Replay;
using Microsoft.Extensions.Logging;

namespace AiCoder.Embedded.Runner;

/// <summary>
/// Runs one claimed task to its end: replays what is recorded, then records each event before the workflow sees it and each
/// step before it is begun.
/// </summary>
internal sealed class TaskRunner
{
    // How long activities get to be gone once their token has fired.
    private static readonly TimeSpan ActivityStopBound = TimeSpan.FromSeconds(10);

    private readonly RunnerServices _services;
    private readonly TaskClaim _claim;
    private readonly TaskSpec _spec;
    private readonly TaskRecorder _recorder;
    private readonly TaskSignals _signals;
    private readonly ActivityRunner _activities;
    private readonly WorkflowExecution _execution;
    private readonly Queue<Arrival> _ready = [];

    // Null says: look again at inbox, stop and lease.
    private readonly Channel<Arrival?> _arrivals = Channel.CreateUnbounded<Arrival?>(new() { SingleReader = true });
    private long _lastInbox;
    private volatile bool _stopping;
    private volatile bool _lost;

    public TaskRunner(RunnerServices services, TaskClaim claim, TaskSpec spec)
    {
        (_services, _claim, _spec) = (services, claim, spec);
        _recorder = new TaskRecorder(services, claim);
        _signals = new TaskSignals(services.Journal, claim.Task);
        _activities = new ActivityRunner(services, claim.TaskId, spec.TraceParent, _signals, arrival => _arrivals.Writer.TryWrite(arrival), Wake);
        _execution = new WorkflowExecution(services.Workflow, spec, Wake);
    }

    /// <summary>Something may have come into the inbox.</summary>
    public void Wake() => _arrivals.Writer.TryWrite(null);

    /// <summary>Ends at the next safe point: activities are asked to stop, nothing new is begun.</summary>
    public async Task BeginStopAsync()
    {
        _stopping = true;
        await _activities.BeginStopAsync().ConfigureAwait(false);
        Wake();
    }

    /// <summary>Ends now. Nothing is recorded for what is interrupted.</summary>
    public async Task StopAsync()
    {
        _stopping = true;
        await _activities.StopAsync(ActivityStopBound).ConfigureAwait(false);
        Wake();
    }

    /// <summary>Another process has the task: stops the activities and records nothing more.</summary>
    public async Task LoseAsync()
    {
        _lost = true;
        await StopAsync().ConfigureAwait(false);
    }

    public async Task<RunEnding> RunAsync()
    {
        try
        {
            var result = await RunToEndAsync().ConfigureAwait(false);
            return result is null
                ? new RunEnding(_lost ? RunEndingKind.Lost : RunEndingKind.Stopped)
                : new RunEnding(RunEndingKind.Ended, result);
        }
        catch (LeaseLostException exception)
        {
            _services.Logger.LogWarning("{Message}", exception.Message);
            return new RunEnding(RunEndingKind.Lost);
        }
        catch (FailureException exception)
        {
            _services.Logger.LogError("Task {TaskId} can't go on for now: {Failure}", _claim.TaskId, exception.Failure.ToString());
            return new RunEnding(RunEndingKind.Faulted, Failure: exception.Failure);
        }
        finally
        {
            await _activities.StopAsync(ActivityStopBound).ConfigureAwait(false);
        }
    }

    private async Task<TaskResult?> RunToEndAsync()
    {
        var (history, cancelWasSent) = await _recorder.LoadAsync(WorkflowEvents.Cancel).ConfigureAwait(false);
        if (cancelWasSent)
        {
            await _signals.CancelAsync().ConfigureAwait(false);
            if (history.Count == 0)
                return await EndAsync([], FailedResult.Cancelled(_spec, null)).ConfigureAwait(false);
        }

        IReadOnlyList<WorkflowStep> asked = [];
        try
        {
            if (history.Count == 0)
                history = [(await RecordAsync([], Arrival.Started).ConfigureAwait(false))!];
            asked = WorkflowReplay.Run(_execution, history);
            foreach (var step in _execution.Outstanding.Except(asked))
                _activities.Start(step);
            Wake();

            while (!_execution.IsCompleted)
            {
                // What was asked for and what comes next share one transaction, where something waits already.
                var arrival = await NextAsync(wait: false).ConfigureAwait(false);
                var incoming = await RecordAsync(asked, arrival).ConfigureAwait(false);
                Begin(asked);
                asked = [];
                if (arrival is null)
                {
                    arrival = await NextAsync(wait: true).ConfigureAwait(false);
                    if (arrival is null)
                        return null;
                    incoming = await RecordAsync([], arrival).ConfigureAwait(false);
                }

                asked = _execution.Handle(incoming!, replaying: false);
            }
        }
        catch (NotDeterministicException exception)
        {
            _services.Logger.LogError("Task {TaskId}: {Message}", _claim.TaskId, exception.Message);
            var redactor = await _services.RedactorAsync(_claim.TaskId).ConfigureAwait(false);
            return await EndAsync([], FailedResult.Of(_spec, exception.Failure, StatusReader.Read(_execution.CustomStatus), redactor)).ConfigureAwait(false);
        }

        var thrown = _execution.HasThrown ? await _services.RedactorAsync(_claim.TaskId).ConfigureAwait(false) : SecretRedactor.None;
        return await EndAsync(asked, _execution.Result(thrown)).ConfigureAwait(false);
    }

    private Task<HistoryEvent?> RecordAsync(IReadOnlyList<WorkflowStep> asked, Arrival? arrival) =>
        _recorder.RecordAsync(asked, arrival, _execution.CustomStatus);

    private async Task<TaskResult> EndAsync(IReadOnlyList<WorkflowStep> asked, TaskResult result)
    {
        await _recorder.EndAsync(asked, result, _execution.CustomStatus).ConfigureAwait(false);
        return result;
    }

    private void Begin(IReadOnlyList<WorkflowStep> recorded)
    {
        foreach (var step in recorded)
        {
            if (step.Kind == HistoryEventKind.TimerCancelled)
                _activities.CancelTimer(step.Step);
            else if (!_stopping && _execution.IsOutstanding(step.Step))
                _activities.Start(step);
        }
    }

    /// <summary>The next arrival; null where there is none and none is waited for, or the runner is to stop.</summary>
    private async Task<Arrival?> NextAsync(bool wait)
    {
        while (true)
        {
            if (_lost)
                return null;
            if (_ready.TryDequeue(out var ready))
                return ready;
            // Looked at before the channel, whose reader has no count: an activity writes its answer before it counts as ended.
            if (_stopping && !_activities.IsRunning && !_arrivals.Reader.TryPeek(out _))
                return null;

            Arrival? arrival;
            if (wait)
                arrival = await _arrivals.Reader.ReadAsync().ConfigureAwait(false);
            else if (!_arrivals.Reader.TryRead(out arrival))
                return null;

            if (arrival is null)
                await ReadInboxAsync().ConfigureAwait(false);
            else if (arrival.Kind != HistoryEventKind.TimerFired || (!_stopping && _execution.IsOutstanding(arrival.Step!.Value)))
                return arrival;
        }
    }

    private async Task ReadInboxAsync()
    {
        // While stopping only the answers of activities that already ran are worth taking in.
        if (_stopping)
            return;
        foreach (var item in await _recorder.ReadInboxAsync().ConfigureAwait(false))
        {
            if (item.Number <= _lastInbox)
                continue;
            _lastInbox = item.Number;
            _ready.Enqueue(Arrival.Of(item));
            if (item.Name == WorkflowEvents.Cancel)
                await _signals.CancelAsync().ConfigureAwait(false);
        }
    }
}
