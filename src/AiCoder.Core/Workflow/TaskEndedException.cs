using AiCoder.Core.Failures;

namespace AiCoder.Core.Workflow;

/// <summary>Leaves the workflow's main line: with a failure, or (null) because the task was cancelled.</summary>
internal sealed class TaskEndedException(Failure? failure) : Exception(failure?.ToString() ?? "cancelled")
{
    public Failure? Failure { get; } = failure;
}
