using AiCoder.Core.Failures;
using k8s;

namespace AiCoder.Kubernetes.Clusters;

/// <summary>What the cluster noted about a Job or pod. Whoever may not read events gets none, and goes on without.</summary>
internal sealed class JobEvents(Cluster cluster, ClusterCalls calls)
{
    private bool _refused;

    /// <summary>The newest note with one of the reasons; null where there is none.</summary>
    public async Task<string?> LastAsync(string uid, IReadOnlyList<string> reasons, CancellationToken stop)
    {
        if (_refused)
            return null;
        try
        {
            var events = await calls.AskAsync(
                "Reading events",
                token => cluster.Client.CoreV1.ListNamespacedEventAsync(cluster.Namespace, fieldSelector: $"involvedObject.uid={uid}", cancellationToken: token),
                stop);
            return events.Items
                .Where(note => reasons.Contains(note.Reason))
                .OrderBy(note => note.LastTimestamp ?? note.EventTime ?? note.Metadata.CreationTimestamp ?? DateTime.MinValue)
                .LastOrDefault()?.Message;
        }
        catch (FailureException exception) when (exception.Failure.Category == FailureCategory.Authentication)
        {
            _refused = true;
            return null;
        }
    }
}
