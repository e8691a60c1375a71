using AiCoder.Core.Failures;

namespace AiCoder.Core.Forges;

/// <summary>Where pull requests are opened: GitHub, GitLab, Azure DevOps.</summary>
public interface IForge
{
    /// <summary>
    /// The open request from the source branch to the target branch: found where there is one, opened otherwise. May run twice, at
    /// the same time too: there is one request in the end.
    /// </summary>
    /// <exception cref="FailureException">With the forge's words, and without the token.</exception>
    Task<OpenedPullRequest> FindOrCreateAsync(PullRequestProposal proposal, CancellationToken cancellationToken);
}

/// <summary>What is proposed.</summary>
public sealed record PullRequestProposal
{
    public required string SourceBranch { get; init; }
    public required string TargetBranch { get; init; }
    public required string Title { get; init; }
    public required string Description { get; init; }
    public bool Draft { get; init; }
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>User names; on GitHub also <c>organization/team</c>, on Azure DevOps e-mail addresses or ids.</summary>
    public IReadOnlyList<string> Reviewers { get; init; } = [];
}

/// <summary>A pull or merge request.</summary>
/// <param name="Url">For a browser.</param>
/// <param name="Number">As people name it.</param>
/// <param name="Draft">It is marked as a draft.</param>
/// <param name="Existing">It was there already.</param>
/// <param name="Notes">What could not be done about it: a label, a reviewer.</param>
public sealed record OpenedPullRequest(string Url, long Number, bool Draft, bool Existing, IReadOnlyList<string> Notes);
