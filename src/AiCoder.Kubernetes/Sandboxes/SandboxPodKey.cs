namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>What decides which pod a command runs in: commands that agree in all of it share one.</summary>
/// <param name="WorkTree">The work tree, absolute.</param>
/// <param name="Home">The commands' HOME, absolute; null: one that is the pod's own.</param>
/// <param name="Image">The image.</param>
/// <param name="Network">Whether it may reach a network.</param>
/// <param name="MaxProcesses">How many processes may run.</param>
internal sealed record SandboxPodKey(string WorkTree, string? Home, string Image, bool Network, int MaxProcesses);
