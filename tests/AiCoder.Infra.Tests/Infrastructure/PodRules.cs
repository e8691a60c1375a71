using k8s.Models;

namespace AiCoder.Infra.Tests.Infrastructure;

/// <summary>What we ask of a pod beyond Kubernetes' own rules.</summary>
internal static class PodRules
{
    public static void Bounded(V1Container container)
    {
        Assert.True(container.SecurityContext?.ReadOnlyRootFilesystem == true, $"{container.Name} can write its root.");
        foreach (var resource in new[] { "cpu", "memory" })
        {
            Assert.True(container.Resources?.Requests?.ContainsKey(resource) == true, $"{container.Name} asks for no {resource}.");
            Assert.True(container.Resources?.Limits?.ContainsKey(resource) == true, $"{container.Name} has no limit of {resource}.");
        }
    }

    public static void VolumesAreThere(string name, V1PodSpec pod)
    {
        var volumes = pod.Volumes.Select(volume => volume.Name).ToList();
        var mounts = KubernetesText.ContainersOf(pod).SelectMany(container => container.VolumeMounts ?? []).ToList();
        Assert.True(volumes.Distinct().Count() == volumes.Count, $"{name} names a volume twice.");
        Assert.All(mounts, mount => Assert.Contains(mount.Name, volumes));
        Assert.All(volumes, volume => Assert.Contains(mounts, mount => mount.Name == volume));
    }
}
