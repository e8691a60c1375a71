namespace AiCoder.Core.Git;

/// <summary>What a clone brought.</summary>
/// <param name="BaseBranch">The branch that was cloned.</param>
/// <param name="BaseCommit">Its head.</param>
/// <param name="Tree">The commit's tree.</param>
/// <param name="RemoteWorkCommit">What the work branch is at on the remote; null where it is not there.</param>
/// <param name="FromCache">Whether objects of an earlier clone were reused.</param>
public sealed record ClonedRepository(string BaseBranch, string BaseCommit, string Tree, string? RemoteWorkCommit, bool FromCache);
