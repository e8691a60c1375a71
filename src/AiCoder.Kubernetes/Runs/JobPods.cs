using AiCoder.Kubernetes.Clusters;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace AiCoder.Kubernetes.Runs;

/// <summary>
/// A Job's pod, as it is when one looks. The watch only says when to look again: one that breaks off, is refused or is answered
/// with 410 Gone costs a little time and nothing else.
/// </summary>
internal sealed class JobPods(Cluster cluster, ClusterCalls calls, RunBounds bounds, V1Job job, TimeProvider time)
{
    private readonly string _selector = $"job-name={job.Metadata.Name}";
    private string? _version;

    /// <summary>The newest pod of this very Job; one of an earlier Job of the same name may still be going away.</summary>
    public async Task<V1Pod?> NewestAsync(CancellationToken stop)
    {
        var pods = await calls.AskAsync(
            "Reading the Job's pods",
            token => cluster.Client.CoreV1.ListNamespacedPodAsync(cluster.Namespace, labelSelector: _selector, cancellationToken: token),
            stop);
        _version = pods.Metadata?.ResourceVersion;
        return pods.Items
            .Where(pod => pod.Metadata.OwnerReferences?.Any(owner => owner.Uid == job.Metadata.Uid) == true)
            .MaxBy(pod => pod.Metadata.CreationTimestamp ?? DateTime.MinValue);
    }

    /// <summary>Waits until something may have changed, and at most <see cref="RunBounds.Look"/>.</summary>
    public async Task ChangedAsync(CancellationToken stop)
    {
        var started = time.GetTimestamp();
        if (await WatchAsync(stop))
            await Task.Delay(bounds.ShortestLook, time, stop);
        else if (bounds.Look - time.GetElapsedTime(started) is { Ticks: > 0 } rest)
            await Task.Delay(rest, time, stop);
    }

    /// <returns>Whether something came; where not, the watch is no help and the time must pass by itself.</returns>
    private async Task<bool> WatchAsync(CancellationToken stop)
    {
        using var bound = new CancellationTokenSource(bounds.Look, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, bound.Token);
        var gone = false;
        try
        {
            var changes = cluster.Client.CoreV1.WatchListNamespacedPodAsync(
                cluster.Namespace,
                labelSelector: _selector,
                resourceVersion: _version,
                timeoutSeconds: (int)Math.Ceiling(bounds.Look.TotalSeconds),
                // Without this the client would pass over a 410 in silence.
                onError: _ => gone = true,
                cancellationToken: either.Token);
            await foreach (var _ in changes.WithCancellation(either.Token))
                return true;
        }
        catch (Exception exception) when (
            exception is OperationCanceledException or HttpRequestException or HttpOperationException or IOException or ObjectDisposedException or System.Text.Json.JsonException)
        {
            stop.ThrowIfCancellationRequested();
            // The next look says whether anything is wrong.
            return false;
        }

        return gone;
    }
}
