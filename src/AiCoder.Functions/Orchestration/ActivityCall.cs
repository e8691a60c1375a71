using System.Text.Json;

namespace AiCoder.Functions.Orchestration;

/// <summary>The input of every activity function: the activity's own, and what it needs to know of its task.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Mailbox">Whose mailbox it reads: <see cref="OrchestrationInput.StartId"/>.</param>
/// <param name="SecretsReference">Of the task's secrets; null: it has none.</param>
/// <param name="TraceParent">The trace that the activity's span belongs to.</param>
/// <param name="Input">The activity's input; null: it takes none.</param>
public sealed record ActivityCall(string TaskId, string Mailbox, string? SecretsReference, string? TraceParent, JsonElement? Input);

/// <summary>The output of every activity function.</summary>
public sealed record ActivityAnswer
{
    /// <summary>Its worker was stopping; it is to run again elsewhere.</summary>
    public bool Interrupted { get; init; }

    /// <summary>What the activity answered; null: nothing.</summary>
    public JsonElement? Output { get; init; }
}
