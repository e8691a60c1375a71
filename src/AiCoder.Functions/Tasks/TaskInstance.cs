using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Functions.Orchestration;
using Microsoft.DurableTask.Client;

namespace AiCoder.Functions.Tasks;

/// <summary>An orchestration instance that is a task.</summary>
/// <param name="Metadata">As the hub has it, with input and output.</param>
/// <param name="Input">Its input.</param>
internal sealed record TaskInstance(OrchestrationMetadata Metadata, OrchestrationInput Input)
{
    private const string RunBy = "the task hub";

    /// <summary>Null where the instance is something else.</summary>
    public static TaskInstance? Of(OrchestrationMetadata metadata) =>
        metadata.Name == CodingOrchestrator.Name && Read<OrchestrationInput>(metadata.SerializedInput) is { Spec: not null } input
            ? new(metadata, input)
            : null;

    /// <summary>A task that was taken in this moment.</summary>
    public static TaskRecord Pending(OrchestrationInput input) => new()
    {
        TaskId = input.Spec.TaskId,
        Spec = input.Spec,
        State = TaskState.Pending,
        Usage = Usage.Zero,
        CreatedAt = DateTimeOffset.UtcNow,
        UpdatedAt = DateTimeOffset.UtcNow,
        RunBy = RunBy,
    };

    public bool HasEnded => Metadata.RuntimeStatus is
        OrchestrationRuntimeStatus.Completed or OrchestrationRuntimeStatus.Failed or OrchestrationRuntimeStatus.Terminated;

    public TaskRecord Record()
    {
        var progress = Read<TaskProgress>(Metadata.SerializedCustomStatus);
        var result = HasEnded ? Result(progress) : null;
        return new()
        {
            TaskId = Metadata.InstanceId,
            Spec = Input.Spec,
            State = result?.Status ?? State(progress),
            Progress = progress,
            Result = result,
            Usage = result?.Usage ?? progress?.Usage ?? Usage.Zero,
            CreatedAt = Metadata.CreatedAt,
            UpdatedAt = Metadata.LastUpdatedAt,
            EndedAt = HasEnded ? Metadata.LastUpdatedAt : null,
            RunBy = HasEnded ? null : RunBy,
        };
    }

    private TaskState State(TaskProgress? progress) =>
        Metadata.RuntimeStatus == OrchestrationRuntimeStatus.Pending ? TaskState.Pending : TaskProgress.RunningState(progress);

    private TaskResult Result(TaskProgress? progress) => Metadata.RuntimeStatus switch
    {
        OrchestrationRuntimeStatus.Completed when Read<TaskResult>(Metadata.SerializedOutput) is { } result => result,
        // Somebody ended the instance by the hub's own means.
        OrchestrationRuntimeStatus.Terminated => FailedResult.Cancelled(Input.Spec, progress),
        // The orchestrator never throws; what ends an instance like this is the hub's judgement of its history.
        _ => FailedResult.Of(Input.Spec, Failure.Of(Code(), $"The task hub ended the task ({ErrorType}). The host's log says more; start the task again under another id."), progress, SecretRedactor.None),
    };

    // Only the type: the message may hold anything. Some hubs give it as the output, "type: message".
    private string ErrorType =>
        Metadata.FailureDetails?.ErrorType ?? Metadata.SerializedOutput?.Trim('"').Split(':')[0] ?? "it gave no reason";

    private string Code() =>
        ErrorType.Contains("NonDeterministic", StringComparison.Ordinal) ? FailureCodes.NotDeterministic : FailureCodes.Unhandled;

    private static T? Read<T>(string? json)
        where T : class
    {
        try
        {
            return string.IsNullOrEmpty(json) ? null : JsonSerializer.Deserialize<T>(json, AiCoderJson.Options);
        }
        catch (JsonException)
        {
            // Another program's instance in the same hub.
            return null;
        }
    }
}
