using k8s.Models;

namespace AiCoder.Kubernetes.Runs;

/// <summary>What a Job's conditions say about its end.</summary>
internal static class JobConditions
{
    /// <summary>Whether its time is up.</summary>
    public static bool IsOverdue(V1Job job) => Find(job, "Failed", "FailureTarget")?.Reason is "DeadlineExceeded";

    /// <summary>Why it failed; null while it has not.</summary>
    public static string? WhyFailed(V1Job job) =>
        Find(job, "Failed", "FailureTarget") is { } condition ? $"{condition.Message} ({condition.Reason})" : null;

    /// <summary>Whether it completed.</summary>
    public static bool IsComplete(V1Job job) => Find(job, "Complete", "SuccessCriteriaMet") is not null;

    private static V1JobCondition? Find(V1Job job, params ReadOnlySpan<string> types)
    {
        foreach (var condition in job.Status?.Conditions ?? [])
        {
            if (condition.Status is "True" && types.Contains(condition.Type))
                return condition;
        }

        return null;
    }
}
