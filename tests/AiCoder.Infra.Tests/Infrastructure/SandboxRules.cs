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
        Assert.Equal(["jobs", "networkpolicies", "persistentvolumeclaims", "pods", "pods/exec", "pods/log"], verbs.Keys.Order(StringComparer.Ordinal));
        foreach (var resource in new[] { "pods", "jobs" })
            Assert.Equal(["create", "delete", "get", "list", "watch"], verbs[resource].Order(StringComparer.Ordinal));
        Assert.Contains("create", verbs["pods/exec"]);
        Assert.Equal(["list"], verbs["networkpolicies"]);
        Assert.Equal(["get"], verbs["persistentvolumeclaims"]);

        var claim = objects.OfType<V1ConfigMap>().Single(map => map.Data.ContainsKey("SANDBOX")).Data["SANDBOX_VOLUME_CLAIM"];
        Assert.Contains(objects.OfType<V1PersistentVolumeClaim>(), volume => volume.Metadata.Name == claim && volume.Spec.AccessModes.Contains("ReadWriteMany"));

        var binding = objects.OfType<V1RoleBinding>().Single(binding => binding.RoleRef.Name == role.Metadata.Name);
        Assert.Equal(account, Assert.Single(binding.Subjects).Name);
        Assert.DoesNotContain(objects, thing => thing is V1ClusterRole or V1ClusterRoleBinding);

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
