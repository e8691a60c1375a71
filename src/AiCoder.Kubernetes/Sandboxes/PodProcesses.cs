using AiCoder.Core.Processes;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>All that runs in a pod but its first process.</summary>
/// <param name="say">Runs a short script in it and gives what it prints; null: it did not come to its end.</param>
internal sealed class PodProcesses(Func<string, CancellationToken, Task<string?>> say) : IStoppable
{
    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<int, long>?> HaltAsync(CancellationToken cancellationToken) =>
        await say(SandboxScripts.Halt, cancellationToken) is { } said ? PodThreads.ReadStill(said) : null;

    /// <inheritdoc/>
    public Task ContinueAsync() => say(SandboxScripts.Continue, CancellationToken.None);
}
