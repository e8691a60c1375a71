namespace AiCoder.Core.Processes;

/// <summary>Watches one run: the first bound that is hit, or the caller's cancel, fires <see cref="Token"/>.</summary>
internal sealed class RunBounds : IDisposable
{
    private static readonly TimeSpan WatchPeriod = TimeSpan.FromMilliseconds(100);

    private readonly ProcessSpec _spec;
    private readonly ProcessTree _tree;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop;
    private readonly Lock _gate = new();
    private readonly ITimer _total;
    private readonly ITimer? _idle;
    private readonly Task _watching;
    private long _output;
    private bool _over;

    public RunBounds(ProcessSpec spec, ProcessTree tree, TimeProvider time, CancellationToken cancellationToken)
    {
        _spec = spec;
        _tree = tree;
        _time = time;
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        _total = time.CreateTimer(_ => End(ProcessEnding.TimedOut), null, spec.Timeout, Timeout.InfiniteTimeSpan);
        if (spec.IdleTimeout is { } idle)
            _idle = time.CreateTimer(_ => End(ProcessEnding.IdleTimedOut), null, idle, Timeout.InfiniteTimeSpan);
        _watching = spec.TreeLimits is { } limits ? WatchAsync(limits) : Task.CompletedTask;
    }

    public CancellationToken Token => _stop.Token;

    public ProcessEnding Ending { get; private set; } = ProcessEnding.Exited;

    public void SawOutput(int bytes)
    {
        _idle?.Change(_spec.IdleTimeout!.Value, Timeout.InfiniteTimeSpan);
        if (Interlocked.Add(ref _output, bytes) > _spec.TotalOutputLimit)
            End(ProcessEnding.TooMuchOutput);
    }

    /// <summary>The run is over; what happens from now on is no bound's doing.</summary>
    /// <param name="exited">It ended by itself, whatever fired in the same instant.</param>
    public void Stop(bool exited)
    {
        lock (_gate)
        {
            _over = true;
            if (exited)
                Ending = ProcessEnding.Exited;
        }

        _stop.Cancel();
    }

    public void Dispose()
    {
        Stop(exited: false);
        _total.Dispose();
        _idle?.Dispose();
        _stop.Dispose();
    }

    private void End(ProcessEnding ending)
    {
        lock (_gate)
        {
            if (_over)
                return;
            _over = true;
            Ending = ending;
        }

        _stop.Cancel();
    }

    private async Task WatchAsync(TreeLimits limits)
    {
        var stop = _stop.Token;
        while (!stop.IsCancellationRequested)
        {
            var (processes, memory) = _tree.Measure(limits.MemoryBytes);
            if (processes > limits.MaxProcesses)
                End(ProcessEnding.TooManyProcesses);
            else if (memory > limits.MemoryBytes)
                End(ProcessEnding.OutOfMemory);
            await Task.Delay(WatchPeriod, _time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
