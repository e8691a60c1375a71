using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;

namespace AiCoder.Embedded.Replay;

/// <summary>Results that the host itself makes, where the workflow's code could not.</summary>
internal static class FailedResult
{
    public static TaskResult Of(TaskSpec spec, Failure failure, string? customStatus, SecretRedactor redactor) =>
        From(spec, TaskState.Failed, customStatus) with { Error = failure with { Message = redactor.Redact(failure.Message) } };

    /// <summary>Of a task that was cancelled while nobody ran it.</summary>
    public static TaskResult Cancelled(TaskSpec spec, string? customStatus) => From(spec, TaskState.Cancelled, customStatus);

    private static TaskResult From(TaskSpec spec, TaskState status, string? customStatus)
    {
        var progress = StatusReader.Read(customStatus);
        return new()
        {
            TaskId = spec.TaskId,
            Status = status,
            Usage = progress.Usage,
            Iterations = progress.Iteration,
            Metadata = spec.Metadata,
            PushResult = status == TaskState.Cancelled ? new PushResult { Pushed = false } : null,
        };
    }
}
