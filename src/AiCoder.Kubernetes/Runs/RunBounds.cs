using AiCoder.Kubernetes.Clusters;

namespace AiCoder.Kubernetes.Runs;

/// <summary>How long a run waits for what.</summary>
public sealed record RunBounds
{
    /// <summary>For the API server.</summary>
    public ClusterBounds Cluster { get; init; } = new();

    /// <summary>The longest between two looks at Job and pod; a watch makes it shorter. Default 5 s.</summary>
    public TimeSpan Look { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The shortest between two looks; default 200 ms.</summary>
    public TimeSpan ShortestLook { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long trouble that may pass by itself (a registry that is busy) may last; default 20 s.</summary>
    public TimeSpan Grace { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long a removal is waited for; default 25 s. A pod has 10 s to end.</summary>
    public TimeSpan Removal { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>How long the log's stream may go on after the container's end, and how long its end is read for; default 10 s.</summary>
    public TimeSpan LogEnd { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long the log's stream may be silent before it is opened anew; default 4 min: what stands between drops a silent connection.</summary>
    public TimeSpan LogSilence { get; init; } = TimeSpan.FromMinutes(4);
}
