using AiCoder.Core.Git;

namespace AiCoder.Core.Workspaces;

/// <summary>What a task's newest snapshot holds. Only reads, and claims nothing.</summary>
public sealed class WorkspaceView
{
    private readonly TreeComparison _comparison;

    internal WorkspaceView(WorkspaceLayout layout, int epoch, CloneRecord record, string tree, GitProgram git, GitBounds bounds)
    {
        (BaseTree, BaseCommit, Tree) = (record.Tree, record.BaseCommit, tree);
        TranscriptPath = layout.NewestTranscript(int.MaxValue) is > 0 and var newest ? layout.Transcript(newest) : null;
        _comparison = new(layout, epoch, git, bounds);
    }

    /// <summary>The commit that was cloned.</summary>
    public string BaseCommit { get; }

    /// <summary>Its tree.</summary>
    public string BaseTree { get; }

    /// <summary>The newest snapshot.</summary>
    public string Tree { get; }

    /// <summary>The newest transcript; null: none yet.</summary>
    public string? TranscriptPath { get; }

    /// <summary>What changed from the clone to a tree; null: to the newest snapshot.</summary>
    public Task<IReadOnlyList<Change>> DiffAsync(string? toTree, CancellationToken cancellationToken) =>
        _comparison.ChangesAsync(BaseTree, ObjectName.Require(toTree ?? Tree), cancellationToken);

    /// <summary>The same as a patch that <c>git apply</c> takes.</summary>
    public Task<string> PatchAsync(string? toTree, CancellationToken cancellationToken) =>
        _comparison.PatchAsync(BaseTree, ObjectName.Require(toTree ?? Tree), cancellationToken);
}
