using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Embedded.Journal;

namespace AiCoder.Embedded.Replay;

/// <summary>
/// One execution of a workflow's code, from its start. It is driven by events and knows neither journal nor clock: given the
/// same events it asks for the same steps, which is what makes a workflow resumable.
/// </summary>
internal sealed class WorkflowExecution
{
    private readonly EmbeddedWorkflowContext _context;
    private readonly WorkflowPump _pump;
    private readonly Func<IWorkflowContext, TaskSpec, Task<TaskResult>> _workflow;
    private readonly TaskSpec _spec;
    private Task<TaskResult>? _task;
    private volatile bool _foreignThread;

    /// <param name="workflow">The workflow's code.</param>
    /// <param name="spec">Its input.</param>
    /// <param name="onForeignThread">Called when the workflow went on outside its thread; <see cref="Handle"/> then throws.</param>
    public WorkflowExecution(Func<IWorkflowContext, TaskSpec, Task<TaskResult>> workflow, TaskSpec spec, Action? onForeignThread = null)
    {
        (_workflow, _spec) = (workflow, spec);
        _pump = new WorkflowPump(() =>
        {
            _foreignThread = true;
            onForeignThread?.Invoke();
        });
        _context = new EmbeddedWorkflowContext(spec.TaskId, _pump);
    }

    /// <summary>Whether the workflow's code has returned or thrown.</summary>
    public bool IsCompleted => _task is { IsCompleted: true } || _pump.Escaped is not null;

    /// <summary>Whether the workflow's code ended without a result, so that one is made of what it threw.</summary>
    public bool HasThrown => _pump.Escaped is not null || _task is { IsCompleted: true, IsCompletedSuccessfully: false };

    /// <summary>The last custom status, as JSON.</summary>
    public string? CustomStatus => _context.CustomStatus;

    /// <summary>Steps that were asked for and have not come to their end.</summary>
    public IReadOnlyCollection<WorkflowStep> Outstanding => _context.Outstanding;

    /// <summary>Whether a step was asked for and has not come to its end.</summary>
    public bool IsOutstanding(int step) => _context.IsOutstanding(step);

    /// <summary>Lets the workflow see an event, and returns what it asks for then, in order.</summary>
    /// <param name="incoming">An event that is no step.</param>
    /// <param name="replaying">Whether the history goes on behind it.</param>
    /// <exception cref="NotDeterministicException">The event fits nothing, or the workflow left its thread.</exception>
    public IReadOnlyList<WorkflowStep> Handle(HistoryEvent incoming, bool replaying)
    {
        RequireOwnThread();
        if (IsCompleted)
            throw new NotDeterministicException($"Recorded as event {incoming.Sequence} is {WorkflowStep.Describe(incoming)}; the workflow had ended before.");

        var steps = _context.Turn(incoming.At, replaying, () =>
        {
            if (incoming.Kind == HistoryEventKind.TaskStarted)
                _task = _workflow(_context, _spec);
            else
                _context.Apply(incoming);
        });

        RequireOwnThread();
        if (_context.Violation is { } violation)
            throw violation;
        if (_pump.Escaped is NotDeterministicException escaped)
            throw escaped;
        if (!IsCompleted && !_context.IsWaiting)
            throw new NotDeterministicException(
                $"After event {incoming.Sequence} ({WorkflowStep.Describe(incoming)}) it waits for something that did not come from its context: a clock, a thread, or I/O of its own.");
        return steps;
    }

    /// <summary>What the workflow returned, or the failure that stands for what it threw.</summary>
    public TaskResult Result(SecretRedactor redactor)
    {
        if (_pump.Escaped is { } escaped)
            return Failed(escaped, redactor);
        var task = _task ?? throw new InvalidOperationException("The workflow has not begun.");
        if (!task.IsCompletedSuccessfully)
            return Failed(task.Exception?.InnerException ?? new OperationCanceledException("The workflow awaited something that was cancelled."), redactor);

        var result = task.Result;
        return result is { Status: TaskState.Completed or TaskState.Failed or TaskState.Cancelled }
            ? result
            : Failed(new InvalidOperationException($"The workflow returned {(result is null ? "nothing" : $"the state {result.Status}, which is not an end")}."), redactor);
    }

    private TaskResult Failed(Exception exception, SecretRedactor redactor)
    {
        var failure = exception is FailureException known
            ? known.Failure
            : Failure.Of(FailureCodes.Unhandled, $"{exception.GetType().Name}: {exception.Message}");
        return FailedResult.Of(_spec, failure, StatusReader.Read(CustomStatus), redactor);
    }

    private void RequireOwnThread()
    {
        if (_foreignThread)
            throw new NotDeterministicException("It went on outside its own thread: it awaited something that did not come from its context, or used ConfigureAwait(false).");
    }
}
