using k8s.Models;

namespace AiCoder.Kubernetes.Runs;

/// <summary>Decides whether a run has ended, from what the Job and its pod say together.</summary>
internal sealed class GoneWatch(V1Job job, RunRequest request, RunBounds bounds, TimeProvider time)
{
    private long? _since;

    /// <summary>How it ended; null while it has not, or while that is not sure.</summary>
    public RunEnd? Decide(V1Job current, V1Pod? pod, PodState? state)
    {
        // A pod that is being deleted was stopped by someone: the Job says soon, whether because its time was up.
        if (state?.End is { } end)
            return pod!.Metadata.DeletionTimestamp is null || HasEnded(current) || request.Timeout is null || Lasts() ? end : null;
        if (pod is not null && pod.Metadata.DeletionTimestamp is null)
        {
            _since = null;
            return JobConditions.IsOverdue(current) && Lasts() ? Stopped(current) : null;
        }

        if (!HasEnded(current))
        {
            _since = null;
            return null;
        }

        // The pod's own word is better than the Job's, where it comes.
        if (pod is not null && !Lasts())
            return null;
        return JobConditions.IsComplete(current)
            ? new(0, "The Job completed; its pod is gone, so the end of its log may be missing.")
            : Stopped(current);
    }

    private RunEnd Stopped(V1Job current) =>
        new(1, $"The pod of the Job {job.Metadata.Name} is gone: {JobConditions.WhyFailed(current)}. A node that was drained, lost or full takes its pods with it.");

    private bool Lasts()
    {
        _since ??= time.GetTimestamp();
        return time.GetElapsedTime(_since.Value) >= bounds.Grace;
    }

    private static bool HasEnded(V1Job current) => JobConditions.WhyFailed(current) is not null || JobConditions.IsComplete(current);
}
