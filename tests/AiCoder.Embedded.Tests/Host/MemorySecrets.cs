using System.Collections.Concurrent;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;

namespace AiCoder.Embedded.Tests.Host;

/// <summary>Keeps secrets in memory, for several hosts that share them.</summary>
internal sealed class MemorySecrets : ISecretStore
{
    public ConcurrentDictionary<string, TaskSecrets> Kept { get; } = [];

    /// <summary>Awaited by every put.</summary>
    public Task BeforePut { get; set; } = Task.CompletedTask;

    /// <summary>Thrown by every delete.</summary>
    public Exception? OnDelete { get; set; }

    public async Task PutAsync(string taskId, TaskSecrets secrets, CancellationToken cancellationToken)
    {
        await BeforePut;
        Kept[taskId] = secrets;
    }

    public Task<TaskSecrets> GetAsync(string taskId, CancellationToken cancellationToken) =>
        Task.FromResult(Kept.GetValueOrDefault(taskId, TaskSecrets.None));

    public Task DeleteAsync(string taskId, CancellationToken cancellationToken)
    {
        if (OnDelete is { } exception)
            throw exception;
        Kept.TryRemove(taskId, out _);
        return Task.CompletedTask;
    }
}
