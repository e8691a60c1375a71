using AiCoder.Core.Tasks;

namespace AiCoder.Core.Activities;

/// <summary>What an activity learns from its host while it runs.</summary>
public sealed record ActivityContext
{
    public required string TaskId { get; init; }

    /// <summary>Under which the secret store has the task's secrets; the task's id, where the host knows no other.</summary>
    public string SecretsReference { get => field ?? TaskId; init; }

    /// <summary>The W3C trace context that the task's spans belong to; null: none.</summary>
    public string? TraceParent { get; init; }
    public required ITaskSignals Signals { get; init; }

    /// <summary>
    /// The host wants to stop: end at the next safe point by throwing <see cref="OperationCanceledException"/>; the activity
    /// will run again elsewhere. (Its hard counterpart is the token that every activity is given besides.)
    /// </summary>
    public CancellationToken Stopping { get; init; }

    /// <summary>Tells people how far it is. Not durable; may be called from any thread.</summary>
    public Action<ActivityProgress> Report { get; init; } = _ => { };
}

/// <summary>Cancel and messages, which reach a running activity through the host's own storage within a second.</summary>
public interface ITaskSignals
{
    /// <summary>Fires when the task is cancelled.</summary>
    CancellationToken Cancelled { get; }

    /// <summary>Messages of people to the running task with a number above <paramref name="after"/>, in order.</summary>
    Task<IReadOnlyList<TaskMessage>> ReadMessagesAsync(long after, CancellationToken cancellationToken);
}

/// <summary>What a person told a running task.</summary>
public sealed record TaskMessage(long Number, string Text)
{
    /// <summary>How many a task takes: each goes to the model, and all of them are kept and read again and again.</summary>
    public const int MostOfTask = 100;
}

/// <summary>How far an activity is.</summary>
/// <param name="Stage">The state it belongs to.</param>
/// <param name="Detail">One line for a person: the tool and path, the command, the try.</param>
/// <param name="Usage">What the model has cost in this stage so far, where it changed.</param>
public sealed record ActivityProgress(TaskState Stage, string Detail, Usage? Usage = null);
