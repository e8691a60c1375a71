using System.Text.RegularExpressions;
using AiCoder.Core.Failures;
using AiCoder.Core.Network;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Git;

/// <summary>
/// Clone and push: what crosses the network, through the git program, which can be bounded in time and killed as a tree, fetches
/// shallow, and can't take this process down with it.
/// </summary>
public sealed partial class GitRemote(GitProgram git, RepositoryCache cache, AddressGuard guard, GitBounds bounds)
{
    private const int RedirectsAtMost = 3;
    private static readonly TimeSpan RedirectTimeout = TimeSpan.FromSeconds(20);

    /// <summary>
    /// Clones one commit of one branch into the workspace's state. May run twice, at the same time too: each run makes a clone of its
    /// own. Nothing is checked out.
    /// </summary>
    /// <param name="workspace">Whose objects they become.</param>
    /// <param name="access">Where from, and as whom.</param>
    /// <param name="branch">The base branch; null: the remote's HEAD.</param>
    /// <param name="workBranch">The branch that the task will push; never the base branch.</param>
    /// <param name="cancellationToken">Ends git and whatever it started.</param>
    public async Task<ClonedRepository> CloneAsync(
        Workspace workspace, RemoteAccess access, string? branch, string workBranch, CancellationToken cancellationToken)
    {
        RequireBranchName(workBranch);
        if (branch is not null)
            RequireBranchName(branch);
        return await FollowingRedirectsAsync(
            access,
            (target, stop) => new CloneRun(git, cache, bounds, workspace, target, branch, workBranch).RunAsync(stop),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// Pushes one commit to one branch, where the branch is at the expected commit (null: not there). Pushing what is there already
    /// is success.
    /// </summary>
    /// <exception cref="FailureException">
    /// <c>code/push_rejected</c> with the server's words, <c>code/push_conflict</c> where somebody else moved the branch, or what went
    /// wrong on the way.
    /// </exception>
    public async Task<PushResult> PushAsync(
        Workspace workspace,
        RemoteAccess access,
        string commit,
        string branch,
        string? expectedRemoteCommit,
        CancellationToken cancellationToken)
    {
        RequireBranchName(branch);
        ObjectName.Require(commit);
        if (expectedRemoteCommit is not null)
            ObjectName.Require(expectedRemoteCommit);
        if (workspace.LatestClone() is { } clone && (branch == clone.BaseBranch || branch == clone.HeadBranch))
        {
            throw new FailureException(
                FailureCodes.PushRejected,
                $"'{branch}' is the branch the task started from or the repository's main branch; AiCoder pushes only a work branch of its own. Set work_branch to another name.");
        }
        return await FollowingRedirectsAsync(
            access,
            async (target, stop) =>
            {
                using var session = new RemoteSession(target, bounds, git.Options.GitEnvironment, workspace.GitFolderPath);
                var outcome = await git.RunAsync(
                    new()
                    {
                        Arguments =
                        [
                            "push", "--porcelain", "--no-verify", "--no-follow-tags", "--no-signed", "--no-recurse-submodules",
                            $"--force-with-lease=refs/heads/{branch}:{expectedRemoteCommit}",
                            "--", target.Url.ForGit(target.User), $"{commit}:refs/heads/{branch}",
                        ],
                        Configuration = session.Configuration,
                        Environment = new Dictionary<string, string>(
                            SnapshotRepository.ObjectsEnvironment(workspace.Layout, workspace.Epoch).Concat(session.Environment)),
                        Timeout = bounds.Transfer,
                    },
                    stop).ConfigureAwait(false);
                if (IsRedirect(target, outcome))
                    throw new RedirectedException();
                PushReport.ThrowIfNotPushed(target, branch, outcome);
                return new PushResult { Pushed = true, Remote = access.Url.Address, Branch = branch, Commit = commit };
            },
            cancellationToken).ConfigureAwait(false);
    }

    internal static bool IsRedirect(RemoteAccess access, GitOutcome outcome) =>
        outcome is { Succeeded: false, TimedOut: false }
        && access.Url.Transport is GitTransport.Http or GitTransport.Https
        && RedirectStatus().IsMatch(outcome.Error);

    private static void RequireBranchName(string branch)
    {
        if (BranchName.ProblemOf(branch) is { } problem)
            throw new FailureException(FailureCodes.Configuration, problem);
    }

    private async Task<T> FollowingRedirectsAsync<T>(
        RemoteAccess access, Func<RemoteAccess, CancellationToken, Task<T>> run, CancellationToken cancellationToken)
    {
        for (var redirects = 0; ; redirects++)
        {
            try
            {
                return await run(access, cancellationToken).ConfigureAwait(false);
            }
            catch (RedirectedException)
            {
                if (redirects == RedirectsAtMost)
                    throw new FailureException(FailureCodes.AddressNotAllowed, $"{access.Url} redirects in a circle.");
                access = await RedirectedAsync(access, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>The same access at the path that the server redirects to; another origin is refused.</summary>
    private async Task<RemoteAccess> RedirectedAsync(RemoteAccess access, CancellationToken cancellationToken)
    {
        const string Service = "/info/refs";
        var asked = new Uri($"{access.Url.Address.TrimEnd('/')}{Service}?service=git-upload-pack");
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bound.CancelAfter(RedirectTimeout);
        Uri? location;
        using (var client = guard.CreateClient(access.Trust))
        using (var answer = await client.GetAsync(asked, HttpCompletionOption.ResponseHeadersRead, bound.Token).ConfigureAwait(false))
            location = answer.Headers.Location;
        if (location is null)
        {
            throw new FailureException(
                FailureCodes.AddressNotAllowed,
                $"{access.Url} redirects to another address, and redirects are not followed with a login. Use the repository's present address.");
        }
        var target = new Uri(asked, location);
        var path = target.AbsolutePath.EndsWith(Service, StringComparison.Ordinal) ? target.AbsolutePath[..^Service.Length] : target.AbsolutePath;
        if (Uri.Compare(asked, target, UriComponents.SchemeAndServer, UriFormat.SafeUnescaped, StringComparison.OrdinalIgnoreCase) != 0
            || !target.AbsolutePath.EndsWith(Service, StringComparison.Ordinal))
        {
            throw new FailureException(
                FailureCodes.AddressNotAllowed,
                $"{access.Url} redirects to {target.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)}{path}. "
                + "A login goes only to the host it was given for, so this is not followed. If the new address is right, use it as repo_url.");
        }
        return access with { Url = access.Url.WithPath(path) };
    }

    [GeneratedRegex("returned error: 30[12378]")]
    private static partial Regex RedirectStatus();
}
