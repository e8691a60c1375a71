using AiCoder.Core.Activities;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Entities;

namespace AiCoder.Functions.Tasks;

/// <summary>
/// What people send to a running task, as a durable entity: it lives in the task hub, so that a request that came to one machine
/// reaches the activity that runs on another. Activities read it, nobody waits for it.
/// </summary>
public sealed class TaskMailbox : TaskEntity<MailboxState>
{
    public const string Name = nameof(TaskMailbox);
    public const string CancelOperation = nameof(Cancel);
    public const string SendOperation = nameof(Send);

    /// <summary>Every entity has it: its state is gone.</summary>
    public const string DeleteOperation = "delete";

    /// <param name="startId">Of the task's start, not its own id: a task that is begun anew under an id has another mailbox.</param>
    public static EntityInstanceId IdOf(string startId) => new(Name, startId);

    [Function(Name)]
    public static Task DispatchAsync([EntityTrigger] TaskEntityDispatcher dispatcher) => dispatcher.DispatchAsync<TaskMailbox>();

    public void Cancel() => State = State with { Cancelled = true };

    public void Send(string text)
    {
        // Who sends asks first; here come those that raced.
        if (State.Messages.Count < TaskMessage.MostOfTask)
            State = State with { Messages = [.. State.Messages, new TaskMessage(State.Messages.Count + 1, text)] };
    }

    protected override MailboxState InitializeState(TaskEntityOperation entityOperation) => new();
}

/// <summary>What a mailbox holds.</summary>
public sealed record MailboxState
{
    public bool Cancelled { get; init; }
    public IReadOnlyList<TaskMessage> Messages { get; init; } = [];
}
