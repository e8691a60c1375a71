using AiCoder.Core.Configuration;

namespace AiCoder.Core.Workspaces;

/// <summary>Claims, finds and removes the workspaces under WORKSPACE_DIR.</summary>
public sealed class WorkspaceStore(AiCoderOptions options)
{
    /// <summary>
    /// This process's claim of the task: the one it has while no other process has taken a newer epoch, else a new one (whose
    /// work tree is empty until something is checked out).
    /// </summary>
    public Task<Workspace> OpenAsync(string taskId, CancellationToken cancellationToken) =>
        throw new NotImplementedException(options.WorkspaceDir + taskId + cancellationToken);
}
