using AiCoder.Core.Failures;
using AiCoder.Core.Processes;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>All that runs in a pod but its first process.</summary>
/// <param name="say">Runs a short script in it and gives what it prints; null: it did not come to its end.</param>
/// <param name="bounds">How long is tried.</param>
/// <param name="time">For bounds and pauses.</param>
internal sealed class PodProcesses(Func<string, CancellationToken, Task<string?>> say, SandboxBounds bounds, TimeProvider time) : IStoppable
{
    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<int, long>?> HaltAsync(CancellationToken cancellationToken) =>
        PodThreads.ReadStill(await AskAsync(SandboxScripts.Halt, cancellationToken));

    /// <inheritdoc/>
    public Task ContinueAsync() => AskAsync(SandboxScripts.Continue, CancellationToken.None);

    /// <summary>Asks again where the way to the pod is broken for a moment: what stays stopped would wait for its bound, for hours.</summary>
    private async Task<string> AskAsync(string script, CancellationToken stop)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            if (await say(script, stop) is { } said)
                return said;
            if (time.GetElapsedTime(began) >= bounds.Settle)
                throw new FailureException(FailureCodes.Reset, "The sandbox's pod answers no more. What ran in it is started again in a new pod.");
            await Task.Delay(bounds.Look, time, stop);
        }
    }
}
