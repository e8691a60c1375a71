using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using k8s;
using k8s.Models;

namespace AiCoder.Kubernetes.Tests.Manifests;

/// <summary>Reads manifests as a strict API server would: a field that the models don't know is an error.</summary>
internal static class ManifestCheck
{
    private static readonly JsonSerializerOptions Strict = StrictOptions();

    /// <summary>Reads one manifest.</summary>
    /// <exception cref="JsonException">A field is unknown, or has another type.</exception>
    public static T Read<T>(string json)
        where T : IKubernetesObject => JsonSerializer.Deserialize<T>(json, Strict)!;

    /// <summary>A pod template's rules of the Pod Security level "restricted" that it breaks; none where it may run anywhere.</summary>
    /// <remarks>https://kubernetes.io/docs/concepts/security/pod-security-standards/</remarks>
    public static IReadOnlyList<string> Restricted(V1PodSpec pod)
    {
        var broken = Baseline(pod).ToList();
        foreach (var volume in pod.Volumes ?? [])
        {
            if (volume is { ConfigMap: null, Csi: null, DownwardAPI: null, EmptyDir: null, Ephemeral: null, PersistentVolumeClaim: null, Projected: null, Secret: null })
                broken.Add($"volume {volume.Name} has a type that is not allowed");
        }

        if (pod.SecurityContext?.RunAsUser == 0)
            broken.Add("the pod runs as user 0");
        foreach (var container in Containers(pod))
        {
            var context = container.SecurityContext;
            if (context?.AllowPrivilegeEscalation != false)
                broken.Add($"{container.Name}: allowPrivilegeEscalation is not false");
            if ((context?.RunAsNonRoot ?? pod.SecurityContext?.RunAsNonRoot) != true)
                broken.Add($"{container.Name}: runAsNonRoot is not true");
            if (context?.RunAsUser == 0)
                broken.Add($"{container.Name}: runs as user 0");
            if ((context?.SeccompProfile ?? pod.SecurityContext?.SeccompProfile)?.Type is not ("RuntimeDefault" or "Localhost"))
                broken.Add($"{container.Name}: no seccomp profile");
            if (context?.Capabilities?.Drop?.Contains("ALL") != true)
                broken.Add($"{container.Name}: does not drop ALL");
            if (context?.Capabilities?.Add?.Any(capability => capability != "NET_BIND_SERVICE") == true)
                broken.Add($"{container.Name}: adds capabilities");
        }

        return broken;
    }

    /// <summary>The same for the level "baseline".</summary>
    public static IReadOnlyList<string> Baseline(V1PodSpec pod)
    {
        string[] capabilities =
        [
            "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
        ];
        var broken = new List<string>();
        if (pod.HostNetwork == true || pod.HostPID == true || pod.HostIPC == true)
            broken.Add("shares the host's namespaces");
        if (pod.SecurityContext?.SeccompProfile?.Type is "Unconfined")
            broken.Add("seccomp is off");
        foreach (var volume in pod.Volumes?.Where(volume => volume.HostPath is not null) ?? [])
            broken.Add($"volume {volume.Name} is a host path");
        foreach (var container in Containers(pod))
        {
            var context = container.SecurityContext;
            if (context?.Privileged == true)
                broken.Add($"{container.Name}: privileged");
            if (context?.SeccompProfile?.Type is "Unconfined")
                broken.Add($"{container.Name}: seccomp is off");
            if (context?.ProcMount is not (null or "Default"))
                broken.Add($"{container.Name}: procMount");
            if (context?.Capabilities?.Add?.Any(capability => !capabilities.Contains(capability)) == true)
                broken.Add($"{container.Name}: adds capabilities");
            if (container.Ports?.Any(port => port.HostPort is not (null or 0)) == true)
                broken.Add($"{container.Name}: a host port");
        }

        return broken;
    }

    private static IEnumerable<V1Container> Containers(V1PodSpec pod) => [.. pod.InitContainers ?? [], .. pod.Containers];

    private static JsonSerializerOptions StrictOptions()
    {
        // The client's own converters, and its models by reflection: what is generated ahead takes no further rule.
        JsonSerializerOptions? options = null;
        KubernetesJson.AddJsonOptions(known => options = new(known));
        options!.TypeInfoResolver = new DefaultJsonTypeInfoResolver();
        options.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        options.PropertyNameCaseInsensitive = false;
        return options;
    }
}
