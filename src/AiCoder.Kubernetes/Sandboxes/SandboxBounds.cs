using AiCoder.Kubernetes.Clusters;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>How long things may take that have to do with a sandbox's pod.</summary>
internal sealed record SandboxBounds
{
    /// <summary>How long a pod lives without a command; default 15 min.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long a pod lives in all; default a day. A task that takes longer gets another.</summary>
    public TimeSpan Life { get; init; } = TimeSpan.FromDays(1);

    /// <summary>From a pod's making to its first command, with the image to pull; default 10 min.</summary>
    public TimeSpan Start { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a node or a quota is waited for; default 3 min: an autoscaler takes about that to add a node.</summary>
    public TimeSpan Node { get; init; } = TimeSpan.FromMinutes(3);

    /// <summary>How long trouble may last that often passes by itself; default 20 s.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The pause between looks at a pod that starts; default 500 ms.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>To open an exec; default 30 s.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>To kill what a command left; default 20 s. A pod in which that takes longer is removed.</summary>
    public TimeSpan Clean { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a removed pod may take to end where something may still run in it; default 1 min.</summary>
    public TimeSpan End { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How long after a connection broke it is tried again, or the pod's status looked at for the reason; default 10 s.</summary>
    public TimeSpan Settle { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a new pod may still have a network that it must not have; default 20 s: rules are put in place beside it.</summary>
    public TimeSpan Fence { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>To remove pods where somebody waits; default 5 s.</summary>
    public TimeSpan Removal { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a successful probe counts; default 1 min.</summary>
    public TimeSpan ProbeCounts { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Calls to the API server. Who waits for it here is a task, not a person: its own retries come on top.</summary>
    public ClusterBounds Cluster { get; init; } = new() { Outage = TimeSpan.FromMinutes(2) };
}
