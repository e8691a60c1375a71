using System.Diagnostics.CodeAnalysis;
using AiCoder.Core.Failures;
using AiCoder.Core.Workspaces;
using LibGit2Sharp;

namespace AiCoder.Core.Git;

/// <summary>
/// The task's commits, made by LibGit2Sharp on the epoch's own git directory, which sees every snapshot and clone of the task. It is
/// never given an address: libgit2 is handed no unchecked one.
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

    private static Repository Open(Workspace workspace) => new(workspace.GitFolderPath);

    private static T Require<T>(Repository repository, string name)
        where T : GitObject =>
        repository.Lookup<T>(ObjectName.Require(name))
            ?? throw new FailureException(FailureCodes.StorageUnavailable, $"The {typeof(T).Name.ToLowerInvariant()} {name} is not in the workspace.");
}
