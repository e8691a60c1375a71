using System.Diagnostics.CodeAnalysis;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>A pod that takes commands, one at a time: what ends one ends everything that runs there.</summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore without a wait handle holds nothing that needs disposal.")]
internal sealed class SandboxPod(string job, string jobUid, string name)
{
    /// <summary>The Job that it belongs to.</summary>
    public string Job => job;

    public string JobUid => jobUid;

    public string Name => name;

    /// <summary>Held while a command runs.</summary>
    public SemaphoreSlim Gate { get; } = new(1);

    /// <summary>It takes no more commands.</summary>
    public bool IsGone { get; set; }

    /// <summary>How often the kernel had killed something in it for want of memory, when that was last asked.</summary>
    public long MemoryKills { get; set; }
}
