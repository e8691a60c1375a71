using System.Diagnostics.CodeAnalysis;
using AiCoder.Core.Failures;
using AiCoder.Core.Workspaces;
using LibGit2Sharp;

namespace AiCoder.Core.Git;

/// <summary>
/// What is local: commits, and questions about trees, files and history. Through LibGit2Sharp on the epoch's own git directory, which
/// sees every snapshot and clone of the task. It is never given an address: libgit2 is handed no unchecked one.
/// </summary>
[SuppressMessage("Performance", "CA1822", Justification = "Its users are given it, as they are given the remote.")]
public sealed class LocalRepository
{
    static LocalRepository()
    {
        // Nothing of a user or a system configures us, and the folder may be on a share that belongs to another user.
        foreach (var level in new[] { ConfigurationLevel.Global, ConfigurationLevel.Xdg, ConfigurationLevel.System, ConfigurationLevel.ProgramData })
            GlobalSettings.SetConfigSearchPaths(level, "/nonexistent");
        GlobalSettings.SetOwnerValidation(false);
    }

    /// <summary>
    /// Makes a commit of a snapshot tree. The same arguments make the same commit, so that a second run finds it there.
    /// </summary>
    /// <param name="workspace">Whose snapshot and base it is.</param>
    /// <param name="tree">The snapshot.</param>
    /// <param name="parent">The commit it follows.</param>
    /// <param name="message">Taken as it is.</param>
    /// <param name="authorName">Author and committer.</param>
    /// <param name="authorEmail">Author and committer.</param>
    /// <param name="when">Author's and committer's time; whole seconds count.</param>
    /// <returns>The commit's id.</returns>
    public string CreateCommit(
        Workspace workspace, string tree, string parent, string message, string authorName, string authorEmail, DateTimeOffset when)
    {
        using var repository = Open(workspace);
        var signature = new Signature(authorName, authorEmail, when);
        var commit = repository.ObjectDatabase.CreateCommit(
            signature,
            signature,
            message,
            Require<Tree>(repository, tree),
            [Require<Commit>(repository, parent)],
            prettifyMessage: false);
        return commit.Sha;
    }

    /// <summary>The tree of a commit.</summary>
    public string TreeOf(Workspace workspace, string commit)
    {
        using var repository = Open(workspace);
        return Require<Commit>(repository, commit).Tree.Sha;
    }

    /// <summary>Every file of a snapshot, with its size; submodules are listed with size 0.</summary>
    public IReadOnlyList<TreeFile> ListFiles(Workspace workspace, string tree, CancellationToken cancellationToken)
    {
        using var repository = Open(workspace);
        var files = new List<TreeFile>();
        Walk(repository, Require<Tree>(repository, tree), "", files, cancellationToken);
        return files;
    }

    /// <summary>A file of a snapshot; null where there is none of that name, or it is a folder or submodule.</summary>
    /// <param name="workspace">Whose snapshot it is.</param>
    /// <param name="tree">The snapshot.</param>
    /// <param name="path">Relative, with forward slashes.</param>
    /// <param name="limit">Bytes that are read at most.</param>
    public TreeContent? ReadFile(Workspace workspace, string tree, string path, int limit)
    {
        using var repository = Open(workspace);
        var entry = Require<Tree>(repository, tree)[path];
        if (entry?.Target is not Blob blob)
            return null;
        using var stream = blob.GetContentStream();
        var content = new byte[(int)Math.Min(limit, blob.Size)];
        var read = stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        return new(KindOf(entry.Mode), blob.Size, content.AsMemory(0, read));
    }

    /// <summary>The branch that the task's work tree is on, and the commit it begins from; null before the clone.</summary>
    public (string Branch, string Commit)? CurrentBranch(Workspace workspace) =>
        workspace.LatestClone() is { } clone ? (clone.WorkBranch, clone.BaseCommit) : null;

    /// <summary>Commits from one backwards, the newest first. A shallow clone has only its first.</summary>
    public IReadOnlyList<CommitSummary> History(Workspace workspace, string commit, int count)
    {
        using var repository = Open(workspace);
        var boundary = Shallow(workspace);
        var commits = new List<CommitSummary>();
        for (Commit? next = Require<Commit>(repository, commit); next is not null && commits.Count < count;)
        {
            commits.Add(new(next.Sha, next.Author.Name, next.Author.Email, next.Author.When, next.Message));
            next = boundary.Contains(next.Sha) ? null : next.Parents.FirstOrDefault();
        }
        return commits;
    }

    private static HashSet<string> Shallow(Workspace workspace)
    {
        var path = Path.Combine(workspace.GitFolderPath, "shallow");
        return File.Exists(path) ? [.. File.ReadAllLines(path)] : [];
    }

    private static void Walk(Repository repository, Tree tree, string prefix, List<TreeFile> files, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var entry in tree)
        {
            var path = prefix + entry.Name;
            if (entry.TargetType == TreeEntryTargetType.Tree)
                Walk(repository, (Tree)entry.Target, path + "/", files, cancellationToken);
            else if (entry.TargetType == TreeEntryTargetType.GitLink)
                files.Add(new(path, TreeFileKind.Submodule, 0, entry.Target.Sha));
            else
                files.Add(new(path, KindOf(entry.Mode), repository.ObjectDatabase.RetrieveObjectMetadata(entry.Target.Id).Size, entry.Target.Sha));
        }
    }

    private static TreeFileKind KindOf(Mode mode) => mode switch
    {
        Mode.ExecutableFile => TreeFileKind.Executable,
        Mode.SymbolicLink => TreeFileKind.SymbolicLink,
        Mode.GitLink => TreeFileKind.Submodule,
        _ => TreeFileKind.File,
    };

    private static Repository Open(Workspace workspace) => new(workspace.GitFolderPath);

    private static T Require<T>(Repository repository, string name)
        where T : GitObject =>
        repository.Lookup<T>(ObjectName.Require(name))
            ?? throw new FailureException(FailureCodes.StorageUnavailable, $"The {typeof(T).Name.ToLowerInvariant()} {name} is not in the workspace.");
}
