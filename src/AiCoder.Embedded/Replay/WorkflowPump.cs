using System.Diagnostics.CodeAnalysis;

namespace AiCoder.Embedded.Replay;

/// <summary>
/// The workflow's one logical thread: a scheduler and synchronization context whose work is run by whoever calls
/// <see cref="Run"/>, in the order in which it was queued, until there is none. Between two calls nothing of the workflow runs.
/// <para>
/// What the workflow awaits must be completed on the pump and without <see cref="TaskCreationOptions.RunContinuationsAsynchronously"/>:
/// with that option Task.WhenAll and Task.WhenAny hop to the thread pool.
/// </para>
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The context is no more than a view of the pump.")]
internal sealed class WorkflowPump : TaskScheduler
{
    private readonly Lock _lock = new();
    private readonly Queue<Task> _queue = [];
    private readonly Context _context;
    private readonly Action _onForeignThread;
    private Exception? _escaped;
    private int _thread;

    /// <param name="onForeignThread">Called, on that thread, when something else than the pump wants to run workflow code.</param>
    public WorkflowPump(Action onForeignThread)
    {
        _onForeignThread = onForeignThread;
        _context = new Context(this);
    }

    /// <summary>Whether the caller is workflow code, run by the pump.</summary>
    public bool IsCurrent => Volatile.Read(ref _thread) == Environment.CurrentManagedThreadId;

    /// <summary>An exception that left a callback nobody awaits (<c>async void</c>).</summary>
    public Exception? Escaped => _escaped;

    public override int MaximumConcurrencyLevel => 1;

    /// <summary>Runs an action and everything that follows from it.</summary>
    public void Run(Action action)
    {
        var previous = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(_context);
        Volatile.Write(ref _thread, Environment.CurrentManagedThreadId);
        try
        {
            _context.Post(_ => action(), null);
            while (TryDequeue(out var task))
                TryExecuteTask(task);
        }
        finally
        {
            Volatile.Write(ref _thread, 0);
            SynchronizationContext.SetSynchronizationContext(previous);
        }
    }

    protected override void QueueTask(Task task)
    {
        if (!IsCurrent)
        {
            // Dropped: the order in which it came is not the history's, and the workflow is ended for it.
            _onForeignThread();
            return;
        }

        lock (_lock)
            _queue.Enqueue(task);
    }

    // Inlining would run work ahead of what was queued before it.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => false;

    protected override IEnumerable<Task> GetScheduledTasks()
    {
        lock (_lock)
            return [.. _queue];
    }

    private bool TryDequeue([NotNullWhen(true)] out Task? task)
    {
        lock (_lock)
            return _queue.TryDequeue(out task);
    }

    private void Post(SendOrPostCallback callback, object? state)
    {
        var run = new Task(() =>
        {
            try
            {
                callback(state);
            }
            catch (Exception exception)
            {
                _escaped ??= exception;
            }
        });
        run.Start(this);
    }

    private sealed class Context(WorkflowPump pump) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state) => pump.Post(d, state);

        public override void Send(SendOrPostCallback d, object? state) =>
            throw new NotSupportedException("Workflow code may not wait for itself.");

        public override SynchronizationContext CreateCopy() => this;
    }
}
