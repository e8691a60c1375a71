using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;

namespace AiCoder.Embedded.TestHost;

/// <summary>For tasks that have none.</summary>
internal sealed class NoSecrets : ISecretStore
{
    public Task PutAsync(string taskId, TaskSecrets secrets, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<TaskSecrets> GetAsync(string taskId, CancellationToken cancellationToken) => Task.FromResult(TaskSecrets.None);

    public Task DeleteAsync(string taskId, CancellationToken cancellationToken) => Task.CompletedTask;
}
