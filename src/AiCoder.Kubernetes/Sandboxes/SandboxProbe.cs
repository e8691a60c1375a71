using System.Net;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Kubernetes.Clusters;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>Whether pods could run commands here: the cluster answers, we have the rights, the claim is there, the network is fenced off.</summary>
internal sealed class SandboxProbe(Cluster cluster, ClusterCalls calls, AiCoderOptions options, KubernetesSandboxOptions sandbox)
{
    private static readonly (string Verb, string Group, string Resource, string? Part)[] Rights =
    [
        ("create", "batch", "jobs", null), ("delete", "batch", "jobs", null), ("list", "batch", "jobs", null), ("list", "", "pods", null),
        // Which of the two a WebSocket needs depends on the cluster's version.
        ("create", "", "pods", "exec"), ("get", "", "pods", "exec"),
        ("list", "networking.k8s.io", "networkpolicies", null),
    ];

    /// <exception cref="FailureException"><c>system/sandbox_unavailable</c>, with everything that is wrong; a failure of the network that may pass.</exception>
    public async Task RunAsync(CancellationToken stop)
    {
        var problems = new List<string>();
        var missing = (await Task.WhenAll(Rights.Select(right => IsMissingAsync(right, stop)))).OfType<string>().ToList();
        if (missing.Count > 0)
            problems.Add($"The service's account may not {string.Join(", ", missing)} in the namespace {cluster.Namespace}; docs/kubernetes-sandbox.md has the role.");
        if (await ClaimProblemAsync(stop) is { } claim)
            problems.Add(claim);
        if (!missing.Any(right => right.Contains("networkpolicies", StringComparison.Ordinal)))
        {
            var policies = await calls.AskAsync(
                "Reading the NetworkPolicies",
                token => cluster.Client.NetworkingV1.ListNamespacedNetworkPolicyAsync(cluster.Namespace, cancellationToken: token),
                stop);
            if (NetworkFence.Problem([.. policies.Items], cluster.Namespace, options.SandboxNetwork != ValidationNetwork.None) is { } open)
                problems.Add(open);
        }

        if (problems.Count > 0)
            throw new FailureException(FailureCodes.SandboxUnavailable, EnvironmentReader.Sentence(problems));
    }

    private async Task<string?> IsMissingAsync((string Verb, string Group, string Resource, string? Part) right, CancellationToken stop)
    {
        var review = await calls.AskAsync(
            "Asking for our rights",
            token => cluster.Client.AuthorizationV1.CreateSelfSubjectAccessReviewAsync(
                new()
                {
                    ApiVersion = "authorization.k8s.io/v1",
                    Kind = "SelfSubjectAccessReview",
                    Spec = new()
                    {
                        ResourceAttributes = new()
                        {
                            NamespaceProperty = cluster.Namespace, Verb = right.Verb, Group = right.Group, Resource = right.Resource, Subresource = right.Part,
                        },
                    },
                },
                cancellationToken: token),
            stop);
        return review.Status?.Allowed == true ? null : $"{right.Verb} {right.Resource}{(right.Part is null ? "" : "/" + right.Part)}";
    }

    private async Task<string?> ClaimProblemAsync(CancellationToken stop)
    {
        try
        {
            var claim = await calls.AskAsync(
                $"Reading the claim {sandbox.VolumeClaim}",
                token => cluster.Client.CoreV1.ReadNamespacedPersistentVolumeClaimAsync(sandbox.VolumeClaim, cluster.Namespace, cancellationToken: token),
                stop,
                HttpStatusCode.NotFound,
                HttpStatusCode.Forbidden);
            return claim.Status?.Phase is "Lost" ? $"The claim {sandbox.VolumeClaim} (SANDBOX_VOLUME_CLAIM) has lost its volume." : null;
        }
        catch (HttpOperationException exception) when (exception.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return $"The namespace {cluster.Namespace} has no persistent volume claim {sandbox.VolumeClaim} (SANDBOX_VOLUME_CLAIM).";
        }
        catch (HttpOperationException)
        {
            // Whoever may not read it may mount it all the same; where it is missing, the pod's own trouble says so.
            return null;
        }
    }
}
