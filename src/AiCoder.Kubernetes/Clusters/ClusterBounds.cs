namespace AiCoder.Kubernetes.Clusters;

/// <summary>How long is waited for the API server.</summary>
public sealed record ClusterBounds
{
    /// <summary>One call; default 30 s.</summary>
    public TimeSpan Call { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a first call is tried again; default 10 s: whoever mistyped an address wants to know soon.</summary>
    public TimeSpan FirstContact { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a server that answered before may be away; default 10 min: a control plane is upgraded meanwhile.</summary>
    public TimeSpan Outage { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The pause after a first failed try, doubled with each up to <see cref="LongestPause"/>; default 250 ms.</summary>
    public TimeSpan FirstPause { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest pause between tries; default 10 s.</summary>
    public TimeSpan LongestPause { get; init; } = TimeSpan.FromSeconds(10);
}
