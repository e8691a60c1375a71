using AiCoder.Core.Tasks;

namespace AiCoder.Core.Secrets;

/// <summary>Keeps callers' secrets encrypted at rest, under the task's id, until the task ends.</summary>
public interface ISecretStore
{
    Task PutAsync(string taskId, TaskSecrets secrets, CancellationToken cancellationToken);

    /// <summary><see cref="TaskSecrets.None"/> where the task has none.</summary>
    Task<TaskSecrets> GetAsync(string taskId, CancellationToken cancellationToken);

    /// <summary>Does nothing where the task has none.</summary>
    Task DeleteAsync(string taskId, CancellationToken cancellationToken);
}
