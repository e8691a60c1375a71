using AiCoder.Testing.Sandboxes;

namespace AiCoder.Kubernetes.Tests.Sandboxes;

/// <summary>What every sandbox promises, in a pod.</summary>
public sealed class KubernetesSandboxContract : SandboxContract
{
    protected override async Task<SandboxGround> GroundAsync() => await SandboxWorld.CreateAsync();
}
