using k8s.Models;

namespace AiCoder.Infra.Tests.Infrastructure;

/// <summary>
/// The rules of the Pod Security Standards' profile "restricted", baseline included
/// (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
/// </summary>
internal static class PodSecurity
{
    private static readonly string[] Sysctls =
    [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
    ];

    /// <summary>What the cluster would refuse; each as the field and its container.</summary>
    public static IEnumerable<string> Violations(V1PodSpec pod)
    {
        if (pod.HostNetwork == true || pod.HostPID == true || pod.HostIPC == true)
            yield return "host namespaces";
        foreach (var volume in pod.Volumes ?? [])
        {
            if (volume.ConfigMap is null && volume.Csi is null && volume.DownwardAPI is null && volume.EmptyDir is null && volume.Ephemeral is null
                && volume.PersistentVolumeClaim is null && volume.Projected is null && volume.Secret is null)
                yield return $"volume type of {volume.Name}";
        }

        foreach (var sysctl in pod.SecurityContext?.Sysctls ?? [])
        {
            if (!Sysctls.Contains(sysctl.Name))
                yield return $"sysctl {sysctl.Name}";
        }

        if (pod.SecurityContext?.RunAsUser == 0)
            yield return "runAsUser of the pod";
        if (pod.SecurityContext?.AppArmorProfile?.Type == "Unconfined")
            yield return "appArmorProfile of the pod";
        foreach (var container in KubernetesText.ContainersOf(pod))
        {
            foreach (var field in Violations(pod.SecurityContext, container))
                yield return $"{field} of {container.Name}";
        }
    }

    private static IEnumerable<string> Violations(V1PodSecurityContext? pod, V1Container container)
    {
        var own = container.SecurityContext;
        if (own?.Privileged == true)
            yield return "privileged";
        if (own?.AllowPrivilegeEscalation != false)
            yield return "allowPrivilegeEscalation";
        if (own?.Capabilities?.Drop?.Contains("ALL") != true || own.Capabilities.Add is { Count: > 0 } add && add.Any(name => name != "NET_BIND_SERVICE"))
            yield return "capabilities";
        if (own?.ProcMount is not (null or "Default"))
            yield return "procMount";
        if ((own?.SeccompProfile ?? pod?.SeccompProfile)?.Type is not ("RuntimeDefault" or "Localhost"))
            yield return "seccompProfile";
        if ((own?.RunAsNonRoot ?? pod?.RunAsNonRoot) != true)
            yield return "runAsNonRoot";
        if (own?.RunAsUser == 0)
            yield return "runAsUser";
        if (own?.AppArmorProfile?.Type == "Unconfined")
            yield return "appArmorProfile";
        if ((container.Ports ?? []).Any(port => port.HostPort is not (null or 0)))
            yield return "hostPort";
    }
}
