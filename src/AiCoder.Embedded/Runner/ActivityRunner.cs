using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.Replay;
using Microsoft.Extensions.Logging;

namespace AiCoder.Embedded.Runner;

/// <summary>Runs the activities and timers of one task, and says what came of them.</summary>
[SuppressMessage("Design", "CA1001", Justification = "The tokens hold neither timer nor handle, and whoever stops the task may still fire them after its end.")]
internal sealed class ActivityRunner(RunnerServices services, string taskId, string? traceParent, ITaskSignals signals, Action<Arrival> arrived, Action stopped)
{
    // Task.Delay takes no more than 49 days; shorter also notices a clock that was put right.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<int, Task> _activities = [];
    private readonly Dictionary<int, CancellationTokenSource> _timers = [];
    private readonly CancellationTokenSource _stopping = new();
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Whether any activity still runs.</summary>
    public bool IsRunning
    {
        get
        {
            lock (_lock)
                return _activities.Count > 0;
        }
    }

    /// <summary>Begins a recorded step.</summary>
    public void Start(WorkflowStep step)
    {
        if (step.Kind == HistoryEventKind.TimerScheduled)
        {
            var timer = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            lock (_lock)
                _timers.Add(step.Step, timer);
            _ = SleepAsync(step, timer.Token);
            return;
        }

        lock (_lock)
            _activities.Add(step.Step, Task.Run(() => RunAsync(step)));
    }

    /// <summary>Takes a timer back. Does nothing where it has fired.</summary>
    public void CancelTimer(int step)
    {
        CancellationTokenSource? timer;
        lock (_lock)
            _timers.Remove(step, out timer);
        timer?.Cancel();
        timer?.Dispose();
    }

    /// <summary>Asks the activities to end at their next safe point.</summary>
    public Task BeginStopAsync() => _stopping.CancelAsync();

    /// <summary>Stops activities and timers now, and waits until they are gone, within a bound.</summary>
    public async Task StopAsync(TimeSpan bound)
    {
        Task[] running;
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        lock (_lock)
            running = [.. _activities.Values];
        try
        {
            await Task.WhenAll(running).WaitAsync(bound, services.Time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            services.Logger.LogWarning("Activities of task {TaskId} did not stop within {Seconds} s and are left behind", taskId, bound.TotalSeconds);
        }
    }

    private async Task RunAsync(WorkflowStep step)
    {
        var arrival = await InvokeAsync(step).ConfigureAwait(false);
        // In this order: who sees that nothing runs any more has seen every answer.
        if (arrival is not null)
            arrived(arrival);
        lock (_lock)
            _activities.Remove(step.Step);
        if (_stopping.IsCancellationRequested)
            stopped();
    }

    /// <summary>Null where the activity was interrupted and will run again.</summary>
    private async Task<Arrival?> InvokeAsync(WorkflowStep step)
    {
        var name = step.Name!;
        var context = new ActivityContext
        {
            TaskId = taskId,
            TraceParent = traceParent,
            Signals = signals,
            Stopping = _stopping.Token,
            Report = progress => services.Publish(new(taskId, services.Time.GetUtcNow().UtcDateTime, Activity: progress)),
        };
        try
        {
            var output = await services.Activities.InvokeAsync(name, JsonElement.Parse(step.Payload!), context, _stop.Token).ConfigureAwait(false);
            var payload = output.GetRawText();
            return PayloadBound.Check($"What the activity {name} returned", payload) is { } tooLarge
                ? Failed(step, tooLarge)
                : new Arrival(HistoryEventKind.ActivityCompleted, step.Step, Payload: payload);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested || _stopping.IsCancellationRequested)
        {
            return null;
        }
        catch (Exception exception)
        {
            // Activities answer with failures as data; what comes here is a mistake of ours, such as an unknown name.
            services.Logger.LogError(exception, "The activity {Activity} of task {TaskId} threw", name, taskId);
            var failure = Failure.Of(FailureCodes.Unhandled, $"The activity {name} threw {exception.GetType().Name}: {exception.Message}");
            var redactor = await services.RedactorAsync(taskId).ConfigureAwait(false);
            return Failed(step, failure with { Message = redactor.Redact(failure.Message) });
        }
    }

    private static Arrival Failed(WorkflowStep step, Failure failure) =>
        new(HistoryEventKind.ActivityFailed, step.Step, Payload: JsonSerializer.Serialize(failure, AiCoderJson.Options));

    private async Task SleepAsync(WorkflowStep timer, CancellationToken cancelled)
    {
        try
        {
            while (timer.FireAt - services.Time.GetUtcNow().UtcDateTime is var left && left > TimeSpan.Zero)
                await Task.Delay(left < LongestSleep ? left : LongestSleep, services.Time, cancelled).ConfigureAwait(false);
            arrived(Arrival.Fired(timer));
            CancelTimer(timer.Step);
        }
        catch (OperationCanceledException)
        {
            // Taken back, or stopped: a timer that stands in the history is started again by the next owner.
        }
    }
}
