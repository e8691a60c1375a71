using AiCoder.Core.Git;

namespace AiCoder.Core.Workspaces;

/// <summary>
/// The <c>.git</c> of a work tree, for what runs there (<c>git log</c>, version tools) and for people who look. It is complete in
/// itself, since nothing else of the task can be seen from inside the sandbox, and we never read it.
/// </summary>
internal static class WorkTreeRepository
{
    /// <summary>Makes it where it is missing and there is a clone to make it from.</summary>
    public static async Task EnsureAsync(
        Workspace workspace, FileSystemTraits traits, string index, string tree, CancellationToken cancellationToken)
    {
        var target = Path.Combine(workspace.WorkTree, ".git");
        if (Path.Exists(target) || workspace.Layout.FinishedClones() is not [.., var clone] || CloneRecord.Read(clone) is not { } record)
            return;
        var beside = Path.Combine(workspace.StateDir, $"work-git.{workspace.Epoch}.{Guid.NewGuid():n}");
        GitFolder.Create(beside, traits, bare: false, head: record.WorkBranch, origin: record.Remote);
        GitFolder.SharePacks(clone, beside);
        GitFolder.SetReference(beside, "refs/heads/" + record.WorkBranch, record.BaseCommit);
        GitFolder.SetReference(beside, "refs/remotes/origin/" + record.BaseBranch, record.BaseCommit);
        if (tree == record.Tree)
        {
            File.Copy(index, Path.Combine(beside, "index"));
        }
        else
        {
            await workspace.Git.RequireAsync(
                new()
                {
                    Arguments = ["read-tree", record.Tree],
                    Environment = new Dictionary<string, string> { ["GIT_DIR"] = beside },
                    Timeout = workspace.Bounds.Local,
                },
                cancellationToken).ConfigureAwait(false);
        }
        Directory.Move(beside, target);
    }
}
