using AiCoder.Core.Failures;
using AiCoder.Kubernetes.Clusters;
using k8s.Models;

namespace AiCoder.Kubernetes.Runs;

/// <summary>Says what a pod waits for, and gives up where waiting longer would change nothing.</summary>
internal sealed class TroubleWatch(Cluster cluster, ClusterCalls calls, RunRequest request, RunBounds bounds, V1Job job, Action<string> say, TimeProvider time)
{
    private static readonly string[] PullReasons = ["Failed"];
    private static readonly string[] RefusalReasons = ["FailedCreate"];
    private static readonly string[] StartReasons = ["FailedMount", "FailedCreatePodSandBox", "FailedAttachVolume"];

    private readonly JobEvents _events = new(cluster, calls);
    private readonly long _began = time.GetTimestamp();
    private long? _since;
    private PodPatience _kind;
    private string? _said;
    private string? _pullDetail;

    /// <param name="pod">The pod; null where there is none yet.</param>
    /// <param name="state">Where it is.</param>
    /// <param name="stop">Stops looking at events.</param>
    /// <exception cref="FailureException">It will not start.</exception>
    public async Task LookAsync(V1Pod? pod, PodState? state, CancellationToken stop)
    {
        var trouble = pod is null ? await WithoutPodAsync(stop) : state!.Trouble;
        if (trouble is null)
        {
            _since = null;
            if (state?.Waiting is { } waiting)
                Say(pod is not null && await _events.LastAsync(pod.Metadata.Uid, StartReasons, stop) is { } note ? $"{waiting} {note}" : waiting);
            return;
        }

        // Each kind has its own time: a pod that waited long for a node may still wait for a registry.
        if (_since is null || _kind != trouble.Patience)
            (_since, _kind) = (time.GetTimestamp(), trouble.Patience);
        // Backing off, Kubernetes says only that it does.
        if (trouble.Reason is "ErrImagePull")
            _pullDetail = trouble.Message;
        else if (trouble.Reason is "ImagePullBackOff" && trouble.Patience == PodPatience.Grace)
            trouble = await WithDetailAsync(trouble, pod!, stop);
        Say(trouble.Message);
        var patience = trouble.Patience switch
        {
            PodPatience.None => TimeSpan.Zero,
            PodPatience.Grace => bounds.Grace,
            _ => request.PendingTimeout,
        };
        if (time.GetElapsedTime(_since.Value) >= patience)
            throw trouble.ToFailure();
    }

    private async Task<PodTrouble> WithDetailAsync(PodTrouble trouble, V1Pod pod, CancellationToken stop)
    {
        if (_pullDetail is not null)
            return trouble with { Message = _pullDetail };
        if (await _events.LastAsync(pod.Metadata.Uid, PullReasons, stop) is not { } note)
            return trouble;
        return PodReading.PullTrouble(trouble.Reason, note, request);
    }

    private async Task<PodTrouble?> WithoutPodAsync(CancellationToken stop)
    {
        if (await _events.LastAsync(job.Metadata.Uid, RefusalReasons, stop) is { } refusal)
        {
            var waits = refusal.Contains("exceeded quota", StringComparison.Ordinal);
            return new(
                "FailedCreate",
                $"The Job's pod is refused: {refusal}. " + (waits
                    ? "Wait longer with --pending-timeout, ask for less, or have the quota raised."
                    : "Check --service-account, the namespace's Pod Security level and its limits."),
                waits ? PodPatience.Node : PodPatience.None);
        }

        return time.GetElapsedTime(_began) < bounds.Grace
            ? null
            : new("NoPod", $"The Job {job.Metadata.Name} has no pod yet. Whether the namespace refuses it, 'kubectl describe job' tells.", PodPatience.Node);
    }

    private void Say(string text)
    {
        if (text == _said)
            return;
        _said = text;
        say(text);
    }
}
