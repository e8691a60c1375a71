using System.Net;
using AiCoder.Core.Failures;
using AiCoder.Kubernetes.Clusters;
using AiCoder.Kubernetes.Runs;
using k8s;
using k8s.Autorest;

namespace AiCoder.Kubernetes.Logs;

/// <summary>
/// Follows a container's log from its first line to its last. A stream ends when the log is rotated, when a proxy or the API server
/// drops it, or when the container ends: so it is opened again, with an overlap, until someone who knows says that the container
/// has ended, and then its end is read once more.
/// </summary>
internal sealed class PodLog(Cluster cluster, RunBounds bounds, string pod, string container, LogSplicer splicer, Action<string> say, TimeProvider time) : IDisposable
{
    private const int BufferSize = 64 * 1024;

    // More than the times of two lines may be out of order, and more than a clock may be off after the Date header's whole seconds.
    private static readonly TimeSpan Overlap = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly CancellationTokenSource _hurry = new(Timeout.InfiniteTimeSpan, time);
    private volatile bool _ended;

    /// <summary>Writes the log until the container has ended and all of it is written.</summary>
    /// <exception cref="FailureException"><c>authentication/forbidden</c>: the log may not be read.</exception>
    public async Task FollowAsync(CancellationToken stop)
    {
        var (pause, said) = (new DoublingPause(FirstPause, LongestPause), false);
        while (true)
        {
            var last = _ended;
            var (received, problem) = await ReadAsync(follow: !last, stop);
            if (problem is HttpOperationException { Response.StatusCode: HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized })
                throw ClusterErrors.Of($"Reading the log of the pod {pod}", problem);
            if (last && problem is null)
                return;
            if (last && (_hurry.IsCancellationRequested || problem is HttpOperationException { Response.StatusCode: HttpStatusCode.NotFound or HttpStatusCode.BadRequest }))
            {
                say($"The end of the log could not be read: {ClusterErrors.Reason(problem!)}");
                return;
            }

            if (problem is not null and not OperationCanceledException && !said)
            {
                said = true;
                say($"The log can't be read at the moment ({ClusterErrors.Reason(problem)}); trying on.");
            }

            if (received > 0)
            {
                pause.Reset();
                said = false;
            }

            if (!_ended || problem is not null)
                await Task.Delay(pause.Next(), time, stop);
        }
    }

    /// <summary>The container has ended: what is left of the log is read, within <see cref="RunBounds.LogEnd"/>.</summary>
    public void End()
    {
        _ended = true;
        _hurry.CancelAfter(bounds.LogEnd);
    }

    public void Dispose() => _hurry.Dispose();

    private async Task<(long Received, Exception? Problem)> ReadAsync(bool follow, CancellationToken stop)
    {
        var received = 0L;
        var silence = follow ? bounds.LogSilence : bounds.Cluster.Call;
        // The first byte may be long in coming: a server sends its answer's head with it.
        using var bound = new CancellationTokenSource(silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, bound.Token, follow ? _hurry.Token : CancellationToken.None);
        try
        {
            var since = splicer.LastTime is { } last ? (int?)Math.Ceiling((Later(cluster.Clock.Now - last, TimeSpan.Zero) + Overlap).TotalSeconds) : null;
            await using var stream = await cluster.Client.CoreV1.ReadNamespacedPodLogAsync(
                pod, cluster.Namespace, container, follow: follow, timestamps: true, sinceSeconds: since, cancellationToken: either.Token);
            splicer.Begin();
            var buffer = new byte[BufferSize];
            int count;
            while ((count = await stream.ReadAsync(buffer, either.Token)) > 0)
            {
                received += count;
                splicer.Take(buffer.AsSpan(0, count));
                bound.CancelAfter(silence);
            }

            splicer.End();
            return (received, null);
        }
        catch (Exception exception) when (exception is HttpOperationException or HttpRequestException or IOException or OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
            splicer.End();
            return (received, exception);
        }
    }

    private static TimeSpan Later(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
