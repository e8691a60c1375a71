using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Tasks;

/// <summary>Results that a host makes itself, where the workflow's code could not.</summary>
public static class FailedResult
{
    public static TaskResult Of(TaskSpec spec, Failure failure, TaskProgress? progress, SecretRedactor redactor) =>
        From(spec, TaskState.Failed, progress) with { Error = failure with { Message = redactor.Redact(failure.Message) } };

    /// <summary>Of a task that was cancelled while nobody ran it.</summary>
    public static TaskResult Cancelled(TaskSpec spec, TaskProgress? progress) => From(spec, TaskState.Cancelled, progress);

    private static TaskResult From(TaskSpec spec, TaskState status, TaskProgress? progress) => new()
    {
        TaskId = spec.TaskId,
        Status = status,
        Usage = progress?.Usage ?? Usage.Zero,
        Iterations = progress?.Iteration ?? 0,
        Metadata = spec.Metadata,
        PushResult = status == TaskState.Cancelled ? new PushResult { Pushed = false } : null,
    };
}
