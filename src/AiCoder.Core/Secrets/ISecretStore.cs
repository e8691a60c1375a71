using AiCoder.Core.Tasks;

namespace AiCoder.Core.Secrets;

/// <summary>Keeps callers' secrets encrypted at rest, under a reference (often the task's id), until the task ends.</summary>
public interface ISecretStore
{
    Task PutAsync(string reference, TaskSecrets secrets, CancellationToken cancellationToken);

    /// <summary><see cref="TaskSecrets.None"/> where there are none under it.</summary>
    Task<TaskSecrets> GetAsync(string reference, CancellationToken cancellationToken);

    /// <summary>Does nothing where there are none under it.</summary>
    Task DeleteAsync(string reference, CancellationToken cancellationToken);
}
