using System.Collections.Concurrent;

namespace AiCoder.Core.Activities;

/// <summary>
/// Lets one run of an activity at a time work on a task in this process. A host may start a second copy while the first still
/// runs; it waits, and then finds what the first recorded. (Copies in other processes have an epoch of their own.)
/// </summary>
internal sealed class TaskGate
{
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _gates = new();

    public async Task<IDisposable> EnterAsync(string taskId, CancellationToken cancellationToken)
    {
        var gate = _gates.GetOrAdd(taskId, _ => new SemaphoreSlim(1));
        await gate.WaitAsync(cancellationToken).ConfigureAwait(false);
        return new Exit(gate);
    }

    private sealed class Exit(SemaphoreSlim gate) : IDisposable
    {
        public void Dispose() => gate.Release();
    }
}
