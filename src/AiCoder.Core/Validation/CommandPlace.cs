namespace AiCoder.Core.Validation;

/// <summary>What the commands of a task have in common. Where sandboxes are kept, commands that agree in it share one.</summary>
/// <param name="WorkTree">The work tree, absolute.</param>
/// <param name="Home">Their HOME, absolute, outside the work tree.</param>
/// <param name="Network">Whether they reach the network.</param>
/// <param name="Image">The container image, where the sandbox runs images; null: its default.</param>
internal sealed record CommandPlace(string WorkTree, string Home, bool Network, string? Image);
