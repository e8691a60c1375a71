using System.Net;
using AiCoder.Kubernetes.Clusters;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace AiCoder.Kubernetes.Runs;

/// <summary>Removes a Job with its pod and Secret, and waits until it is gone.</summary>
internal sealed class JobRemoval(Cluster cluster, ClusterCalls calls, RunBounds bounds, TimeProvider time)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(1);

    /// <summary>Removes it; one of the same name that was made since stays.</summary>
    /// <returns>Whether it was gone in time; where not, the cluster goes on removing it.</returns>
    public async Task<bool> RemoveAsync(V1Job job, CancellationToken stop)
    {
        var options = new V1DeleteOptions
        {
            // The Job goes last, so that it is gone when its pod is.
            PropagationPolicy = "Foreground",
            Preconditions = new() { Uid = job.Metadata.Uid },
        };
        try
        {
            await calls.AskAsync(
                $"Removing the Job {job.Metadata.Name}",
                token => cluster.Client.BatchV1.DeleteNamespacedJobAsync(job.Metadata.Name, cluster.Namespace, options, cancellationToken: token),
                stop,
                HttpStatusCode.NotFound,
                HttpStatusCode.Conflict);
        }
        catch (HttpOperationException exception) when (exception.Response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Conflict)
        {
            // It is gone, or the name has another Job by now: the look tells.
        }

        return await GoneAsync(job, stop);
    }

    /// <summary>Waits until a Job that is being removed is gone.</summary>
    public async Task<bool> GoneAsync(V1Job job, CancellationToken stop)
    {
        var (started, pause) = (time.GetTimestamp(), new DoublingPause(FirstPause, LongestPause));
        while (await IsThereAsync(job, stop))
        {
            if (time.GetElapsedTime(started) >= bounds.Removal)
                return false;
            await Task.Delay(pause.Next(), time, stop);
        }

        return true;
    }

    private async Task<bool> IsThereAsync(V1Job job, CancellationToken stop)
    {
        try
        {
            var found = await calls.AskAsync(
                $"Reading the Job {job.Metadata.Name}",
                token => cluster.Client.BatchV1.ReadNamespacedJobAsync(job.Metadata.Name, cluster.Namespace, cancellationToken: token),
                stop,
                HttpStatusCode.NotFound);
            return found.Metadata.Uid == job.Metadata.Uid;
        }
        catch (HttpOperationException exception) when (exception.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return false;
        }
    }
}
