namespace AiCoder.Core.Workflow;

/// <summary>
/// The task's own bound on time, as a durable timer that stands still while a person is asked; and how long each stage took.
/// </summary>
internal sealed class TaskClock(IWorkflowContext context, TimeSpan limit)
{
    private readonly Dictionary<string, double> _timings = [];
    private readonly TaskCompletionSource _expired = new();
    private TimeSpan _left = limit;
    private DateTime _runningSince;
    private TaskCompletionSource? _pause;

    /// <summary>When the task began.</summary>
    public DateTime Start { get; } = context.CurrentUtcDateTime;

    /// <summary>Completes when the time is used up; never while it stands still.</summary>
    public Task Expired => _expired.Task;

    /// <summary>When the time will be used up, if it does not stand still before.</summary>
    public DateTime Deadline => _runningSince + _left;

    /// <summary>What is left from now on; without end while it stands still.</summary>
    public TimeSpan Left => _pause is null ? TimeSpan.MaxValue : Deadline - context.CurrentUtcDateTime;

    /// <summary>Starts, or goes on after <see cref="Pause"/>.</summary>
    public void Run()
    {
        _runningSince = context.CurrentUtcDateTime;
        _pause = new TaskCompletionSource();
        _ = WatchAsync(_pause.Task);
    }

    /// <summary>Stands still. Does nothing where it does already.</summary>
    public void Pause()
    {
        if (_pause is null)
            return;
        var left = Deadline - context.CurrentUtcDateTime;
        _left = left > TimeSpan.Zero ? left : TimeSpan.Zero;
        _pause.TrySetResult();
        _pause = null;
    }

    /// <summary>Adds the time since <paramref name="since"/> to a stage.</summary>
    public void Charge(string stage, DateTime since) =>
        _timings[stage] = Math.Round(_timings.GetValueOrDefault(stage) + (context.CurrentUtcDateTime - since).TotalSeconds, 3);

    /// <summary>Seconds by stage, and their total from start to now.</summary>
    public IReadOnlyDictionary<string, double> Timings() =>
        new Dictionary<string, double>(_timings) { ["total"] = Math.Round((context.CurrentUtcDateTime - Start).TotalSeconds, 3) };

    private async Task WatchAsync(Task paused)
    {
        using var cancel = new CancellationTokenSource();
        var timer = context.CreateTimer(_left, cancel.Token);
        if (await Task.WhenAny(timer, paused) == timer)
            _expired.TrySetResult();
        else
            cancel.Cancel();
    }
}
