using k8s.Models;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>
/// Whether a namespace's NetworkPolicies hold sandboxes back. Policies add up: a pod reaches what any of those that select it
/// allows, and everything where none does.
/// </summary>
internal static class NetworkFence
{
    private const string Advice = "The chart and infra/kubernetes/manifests/networkpolicy.yaml have the policies; docs/kubernetes-sandbox.md says which.";

    /// <summary>What is wrong with them; null: nothing.</summary>
    /// <param name="policies">All of the namespace.</param>
    /// <param name="namespace">Its name.</param>
    /// <param name="withNetwork">Whether tasks may have pods with a network, too.</param>
    public static string? Problem(IReadOnlyList<V1NetworkPolicy> policies, string @namespace, bool withNetwork)
    {
        var closed = Outward(policies, SandboxManifests.Labels(network: false));
        if (closed.Count == 0)
            return $"No NetworkPolicy in the namespace {@namespace} keeps sandboxes from the network: none with policyTypes Egress selects pods with {Text(network: false)}. {Advice}";
        if (closed.FirstOrDefault(policy => policy.Spec.Egress is { Count: > 0 }) is { } open)
            return $"The NetworkPolicy {open.Metadata?.Name} in the namespace {@namespace} allows sandboxes without network ({Text(network: false)}) connections; let it select other pods only. {Advice}";
        if (withNetwork && Outward(policies, SandboxManifests.Labels(network: true)).Count == 0)
            return $"No NetworkPolicy in the namespace {@namespace} bounds what sandboxes with a network ({Text(network: true)}) reach: the cluster and the cloud's metadata would be open to them. {Advice}";
        return null;
    }

    private static List<V1NetworkPolicy> Outward(IReadOnlyList<V1NetworkPolicy> policies, Dictionary<string, string> labels) =>
        [.. policies.Where(policy => IsOutward(policy.Spec) && Selects(policy.Spec?.PodSelector, labels))];

    // Without policyTypes, a policy that has no rule for egress says nothing about it.
    private static bool IsOutward(V1NetworkPolicySpec? spec) =>
        spec?.PolicyTypes is { Count: > 0 } types ? types.Contains("Egress") : spec?.Egress is { Count: > 0 };

    private static bool Selects(V1LabelSelector? selector, Dictionary<string, string> labels) =>
        (selector?.MatchLabels ?? new Dictionary<string, string>()).All(wanted => labels.GetValueOrDefault(wanted.Key) == wanted.Value)
        && (selector?.MatchExpressions ?? []).All(expression => expression.OperatorProperty switch
        {
            "In" => labels.TryGetValue(expression.Key, out var value) && expression.Values.Contains(value),
            "NotIn" => !labels.TryGetValue(expression.Key, out var value) || !expression.Values.Contains(value),
            "Exists" => labels.ContainsKey(expression.Key),
            "DoesNotExist" => !labels.ContainsKey(expression.Key),
            _ => false,
        });

    private static string Text(bool network) => $"app.kubernetes.io/component: sandbox and {SandboxManifests.NetworkLabel}: \"{(network ? "true" : "false")}\"";
}
