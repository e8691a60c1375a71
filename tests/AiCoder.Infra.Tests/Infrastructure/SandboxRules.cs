using AiCoder.Kubernetes.Sandboxes;
using k8s;
using k8s.Models;

namespace AiCoder.Infra.Tests.Infrastructure;

/// <summary>What SANDBOX=kubernetes may do, and what its pods may reach.</summary>
internal static class SandboxRules
{
    public static void Check(IReadOnlyList<IKubernetesObject> objects, string account)
    {
        var role = objects.OfType<V1Role>().Single(role => role.Metadata.Name.EndsWith("-sandbox", StringComparison.Ordinal));
        var verbs = role.Rules.SelectMany(rule => rule.Resources.Select(resource => (resource, rule.Verbs))).ToDictionary(pair => pair.resource, pair => pair.Verbs);
        // Exactly what docs/kubernetes-sandbox.md says that it needs.
        Assert.Equal(
            ["events: list", "jobs: create delete list", "networkpolicies: list", "persistentvolumeclaims: get", "pods/exec: create get", "pods: list"],
            verbs.Select(pair => $"{pair.Key}: {string.Join(' ', pair.Value.Order(StringComparer.Ordinal))}").Order(StringComparer.Ordinal));

        var claim = objects.OfType<V1ConfigMap>().Single(map => map.Data.ContainsKey("SANDBOX")).Data["SANDBOX_VOLUME_CLAIM"];
        Assert.Contains(objects.OfType<V1PersistentVolumeClaim>(), volume => volume.Metadata.Name == claim && volume.Spec.AccessModes.Contains("ReadWriteMany"));

        var binding = objects.OfType<V1RoleBinding>().Single(binding => binding.RoleRef.Name == role.Metadata.Name);
        Assert.Equal(account, Assert.Single(binding.Subjects).Name);
        Assert.DoesNotContain(objects, thing => thing is V1ClusterRole or V1ClusterRoleBinding);

        // By the very rules that a task is refused by where they don't hold.
        Assert.Null(NetworkFence.Problem([.. objects.OfType<V1NetworkPolicy>()], "ours", withNetwork: true));

        var policies = objects.OfType<V1NetworkPolicy>().Where(policy => policy.Spec.PodSelector.MatchLabels?.TryGetValue("app.kubernetes.io/component", out var component) == true && component == "sandbox").ToList();
        var closed = policies.Single(policy => policy.Spec.PodSelector.MatchLabels.Count == 1);
        var open = policies.Single(policy => policy.Spec.PodSelector.MatchLabels.TryGetValue("aicoder.dev/network", out var network) && network == "true");
        foreach (var policy in policies)
        {
            Assert.Equal(["Egress", "Ingress"], policy.Spec.PolicyTypes.Order(StringComparer.Ordinal));
            Assert.True(policy.Spec.Ingress is null or { Count: 0 });
        }

        Assert.True(closed.Spec.Egress is null or { Count: 0 });
        var everywhere = open.Spec.Egress.SelectMany(rule => rule.To).Single(peer => peer.IpBlock is not null).IpBlock;
        foreach (var inside in new[] { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "168.63.129.16/32", "100.64.0.0/10" })
            Assert.Contains(inside, everywhere.Except);
    }
}
