namespace AiCoder.Core.Workflow;

/// <summary>
/// What a workflow may use of its host. The names are those of Durable Functions' <c>TaskOrchestrationContext</c>.
/// <para>
/// A workflow is replayed: after a restart its code runs again from the start against the recorded history, and must ask for
/// the same things in the same order. So it takes time, waiting and results from here only: no clock, no <c>Task.Run</c>, no
/// <c>Task.Delay</c>, no <c>ConfigureAwait(false)</c>, no I/O, no random numbers. A host that meets another step than the
/// history's ends the workflow with <c>system/not_deterministic</c>.
/// </para>
/// </summary>
public interface IWorkflowContext
{
    /// <summary>The instance's id, which is the task's id.</summary>
    string InstanceId { get; }

    /// <summary>The time (UTC) at which the event being handled was recorded; the same on every replay.</summary>
    DateTime CurrentUtcDateTime { get; }

    /// <summary>True while recorded history is being replayed.</summary>
    bool IsReplaying { get; }

    /// <summary>Schedules an activity. The host keeps input and output as JSON in its history.</summary>
    Task<TResult> CallActivityAsync<TResult>(string name, object? input);

    /// <summary>A durable timer. Cancelling it ends the task as cancelled and takes the timer back.</summary>
    Task CreateTimer(TimeSpan delay, CancellationToken cancellationToken);

    /// <summary>
    /// The next external event of that name. Events that arrive before they are waited for are kept and handed out in order.
    /// </summary>
    Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default);

    /// <summary>Shows a status to whoever asks about the instance. At most 8,192 characters as JSON.</summary>
    void SetCustomStatus(object? customStatus);
}
