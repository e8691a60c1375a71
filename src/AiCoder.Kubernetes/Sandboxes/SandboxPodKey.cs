namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>What decides which pod a command runs in: commands that agree in all of it share one.</summary>
/// <param name="WorkTree">The work tree, absolute.</param>
/// <param name="Home">The commands' HOME, absolute; null: one that is the pod's own.</param>
/// <param name="Image">The image.</param>
/// <param name="Network">Whether it may reach a network.</param>
/// <param name="MaxProcesses">How many processes may run.</param>
internal sealed record SandboxPodKey(string WorkTree, string? Home, string Image, bool Network, int MaxProcesses)
{
    /// <summary>What else of WORKSPACE_DIR it can read, absolute.</summary>
    public IReadOnlyList<string> ReadOnlyPaths { get; init; } = [];

    /// <summary>What of the work tree it sees empty, relative, and whether that is a file.</summary>
    public IReadOnlyList<(string Path, bool IsFile)> Masked { get; init; } = [];

    /// <inheritdoc/>
    public bool Equals(SandboxPodKey? other) =>
        other is not null
        && (WorkTree, Home, Image, Network, MaxProcesses) == (other.WorkTree, other.Home, other.Image, other.Network, other.MaxProcesses)
        && ReadOnlyPaths.SequenceEqual(other.ReadOnlyPaths)
        && Masked.SequenceEqual(other.Masked);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(WorkTree, Home, Image, Network, MaxProcesses);
}
