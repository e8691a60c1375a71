namespace AiCoder.Kubernetes.Runs;

/// <summary>Where a run's pod is.</summary>
/// <param name="Waiting">What it waits for, for a person to read.</param>
/// <param name="Trouble">Why it does not start.</param>
/// <param name="End">How it ended.</param>
/// <param name="HasLog">Whether the container began, so that there is a log.</param>
internal sealed record PodState(string? Waiting = null, PodTrouble? Trouble = null, RunEnd? End = null, bool HasLog = false);
