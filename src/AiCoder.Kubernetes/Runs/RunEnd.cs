namespace AiCoder.Kubernetes.Runs;

/// <summary>How a container ended.</summary>
/// <param name="ExitCode">Its own exit code; 1 where its pod ended without one.</param>
/// <param name="Explanation">Why, and what to do, where the exit code does not say it; null for an ordinary end.</param>
public sealed record RunEnd(int ExitCode, string? Explanation = null);
