using k8s.Models;

namespace AiCoder.Testing.Kubernetes;

/// <summary>
/// The rules of the Pod Security Standards that a cluster would refuse a pod for, each as the field and its container
/// (https://kubernetes.io/docs/concepts/security/pod-security-standards/).
/// </summary>
public static class PodSecurity
{
    private static readonly string[] Sysctls =
    [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_unprivileged_port_start", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range",
    ];

    private static readonly string[] Capabilities =
    [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ];

    /// <summary>What the level "baseline" forbids.</summary>
    public static IReadOnlyList<string> Baseline(V1PodSpec pod) =>
        [.. OfPod(pod), .. ContainersOf(pod).SelectMany(container => OfContainer(container).Select(field => $"{field} of {container.Name}"))];

    /// <summary>What the level "restricted" forbids, with all of baseline.</summary>
    public static IReadOnlyList<string> Restricted(V1PodSpec pod)
    {
        var broken = new List<string>(Baseline(pod));
        broken.AddRange((pod.Volumes ?? [])
            .Where(volume => volume is { ConfigMap: null, Csi: null, DownwardAPI: null, EmptyDir: null, Ephemeral: null, PersistentVolumeClaim: null, Projected: null, Secret: null })
            .Select(volume => $"volume type of {volume.Name}"));
        if (pod.SecurityContext?.RunAsUser == 0)
            broken.Add("runAsUser of the pod");
        foreach (var container in ContainersOf(pod))
            broken.AddRange(OfContainer(pod.SecurityContext, container).Select(field => $"{field} of {container.Name}"));
        // Some fields both levels know, one more strictly.
        return [.. broken.Distinct()];
    }

    private static IEnumerable<string> OfPod(V1PodSpec pod)
    {
        if (pod.HostNetwork == true || pod.HostPID == true || pod.HostIPC == true)
            yield return "host namespaces";
        foreach (var volume in pod.Volumes?.Where(volume => volume.HostPath is not null) ?? [])
            yield return $"volume type of {volume.Name}";
        foreach (var sysctl in pod.SecurityContext?.Sysctls?.Where(sysctl => !Sysctls.Contains(sysctl.Name)) ?? [])
            yield return $"sysctl {sysctl.Name}";
        if (pod.SecurityContext?.SeccompProfile?.Type is "Unconfined")
            yield return "seccompProfile of the pod";
        if (pod.SecurityContext?.AppArmorProfile?.Type is "Unconfined")
            yield return "appArmorProfile of the pod";
    }

    private static IEnumerable<string> OfContainer(V1Container container)
    {
        var own = container.SecurityContext;
        if (own?.Privileged == true)
            yield return "privileged";
        if (own?.Capabilities?.Add?.Any(name => !Capabilities.Contains(name)) == true)
            yield return "capabilities";
        if (own?.ProcMount is not (null or "Default"))
            yield return "procMount";
        if (own?.SeccompProfile?.Type is "Unconfined")
            yield return "seccompProfile";
        if (own?.AppArmorProfile?.Type is "Unconfined")
            yield return "appArmorProfile";
        if (container.Ports?.Any(port => port.HostPort is not (null or 0)) == true)
            yield return "hostPort";
    }

    private static IEnumerable<string> OfContainer(V1PodSecurityContext? pod, V1Container container)
    {
        var own = container.SecurityContext;
        if (own?.AllowPrivilegeEscalation != false)
            yield return "allowPrivilegeEscalation";
        if (own?.Capabilities?.Drop?.Contains("ALL") != true || own.Capabilities.Add?.Any(name => name != "NET_BIND_SERVICE") == true)
            yield return "capabilities";
        if ((own?.SeccompProfile ?? pod?.SeccompProfile)?.Type is not ("RuntimeDefault" or "Localhost"))
            yield return "seccompProfile";
        if ((own?.RunAsNonRoot ?? pod?.RunAsNonRoot) != true)
            yield return "runAsNonRoot";
        if (own?.RunAsUser == 0)
            yield return "runAsUser";
    }

    private static IEnumerable<V1Container> ContainersOf(V1PodSpec pod) => [.. pod.InitContainers ?? [], .. pod.Containers];
}
