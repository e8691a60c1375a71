using AiCoder.Core.Failures;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Git;

/// <summary>
/// One clone. It is made in a folder of its own, which takes its name only when it is whole; a run that fails or is killed leaves
/// nothing that anybody reads.
/// </summary>
internal sealed class CloneRun(
    GitProgram git,
    RepositoryCache cache,
    GitBounds bounds,
    Workspace workspace,
    RemoteAccess access,
    string? branch,
    string workBranch)
{
    private const string BaseReference = "refs/aicoder/base";
    private const string CachedReference = "refs/aicoder/cached";
    private const int BranchesNamed = 8;

    private (string Commit, string Tree)? _known;

    private bool UsesCache => access.Url.Transport != GitTransport.Local;

    public async Task<ClonedRepository> RunAsync(CancellationToken cancellationToken)
    {
        var partial = workspace.Layout.NewClone(workspace.Epoch);
        try
        {
            Lay(partial);
            var (references, fromCache) = await FetchAsync(partial, cancellationToken).ConfigureAwait(false);
            var commit = GitFolder.ReadReference(partial, BaseReference)
                ?? throw new FailureException(FailureCodes.Unhandled, $"git fetched {access.Url} without an error and left no commit.");
            var tree = await TreeOfAsync(partial, commit, cancellationToken).ConfigureAwait(false)
                ?? throw new FailureException(FailureCodes.Unhandled, $"The commit {commit} of {access.Url} did not arrive whole.");
            var baseBranch = branch ?? references.HeadBranch!;
            await new CloneRecord(access.Url.Address, references.HeadBranch, baseBranch, commit, tree, workBranch)
                .WriteAsync(partial, cancellationToken).ConfigureAwait(false);
            if (UsesCache)
                cache.Keep(access.Url, commit, partial);
            workspace.Layout.FinishClone(workspace.Epoch, partial);
            await workspace.AdoptCloneAsync(cancellationToken).ConfigureAwait(false);
            return new(baseBranch, commit, tree, references.CommitOf(workBranch), fromCache);
        }
        finally
        {
            if (Directory.Exists(partial))
                FolderRemoval.Remove(partial);
        }
    }

    private void Lay(string folder) => GitFolder.Create(folder, workspace.Traits, bare: true, head: "none");

    private async Task<(RemoteReferences References, bool FromCache)> FetchAsync(string folder, CancellationToken cancellationToken)
    {
        if (!UsesCache || !cache.Has(access.Url))
            return (await FetchColdAsync(folder, cancellationToken).ConfigureAwait(false), false);

        // The remote decides first whether this caller may read the repository; only then is the cache looked into.
        var references = await ListAsync(folder, cancellationToken).ConfigureAwait(false);
        var wanted = await RequireBaseAsync(folder, references, cancellationToken).ConfigureAwait(false);
        var cached = cache.CopyTo(access.Url, wanted, folder);
        if (cached is not null && await TreeOfAsync(folder, cached, cancellationToken).ConfigureAwait(false) is not null)
        {
            if (cached == wanted)
            {
                GitFolder.SetReference(folder, BaseReference, wanted);
                return (references, true);
            }
            GitFolder.SetReference(folder, CachedReference, cached);
            var outcome = await RunFetchAsync(folder, BaseRefspec(references), cancellationToken).ConfigureAwait(false);
            if (outcome.Succeeded)
                return (references, true);
            var failure = GitFailures.From(access, "clone", outcome);
            if (failure.Code != FailureCodes.Unhandled)
                throw new FailureException(failure);
        }
        // What was cached is broken: forget it, and begin as if it had never been.
        if (cached is not null)
            cache.Remove(access.Url);
        FolderRemoval.Remove(folder);
        Lay(folder);
        return (await FetchColdAsync(folder, cancellationToken).ConfigureAwait(false), false);
    }

    /// <summary>
    /// Asks what is there and fetches at the same time, since the answer to the first only names and explains what the second does.
    /// </summary>
    private async Task<RemoteReferences> FetchColdAsync(string folder, CancellationToken cancellationToken)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var fetching = RunFetchAsync(folder, branch is null ? $"+HEAD:{BaseReference}" : $"+refs/heads/{branch}:{BaseReference}", both.Token);
        RemoteReferences references;
        try
        {
            references = await ListAsync(folder, both.Token).ConfigureAwait(false);
            await RequireBaseAsync(folder, references, both.Token).ConfigureAwait(false);
        }
        catch
        {
            await both.CancelAsync().ConfigureAwait(false);
            await ((Task)fetching).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
        var outcome = await fetching.ConfigureAwait(false);
        return outcome.Succeeded ? references : throw new FailureException(GitFailures.From(access, "clone", outcome));
    }

    private string BaseRefspec(RemoteReferences references) => $"+refs/heads/{branch ?? references.HeadBranch}:{BaseReference}";

    private Task<GitOutcome> RunFetchAsync(string folder, string refspec, CancellationToken cancellationToken) =>
        RunAsync(
            folder,
            [
                "fetch", "--quiet", "--depth=1", "--no-tags", "--update-shallow", "--no-recurse-submodules", "--no-write-fetch-head",
                "--no-auto-maintenance", "--", access.Url.ForGit(access.User), refspec,
            ],
            bounds.Transfer,
            cancellationToken);

    private async Task<RemoteReferences> ListAsync(string folder, CancellationToken cancellationToken)
    {
        var patterns = new List<string> { "HEAD", "refs/heads/" + workBranch };
        if (branch is not null)
            patterns.Add("refs/heads/" + branch);
        return RemoteReferences.Parse(
            await RequireListAsync(folder, ["ls-remote", "--symref", "--", access.Url.ForGit(access.User), .. patterns], cancellationToken)
                .ConfigureAwait(false));
    }

    private async Task<string> RequireListAsync(string folder, string[] arguments, CancellationToken cancellationToken)
    {
        var outcome = await RunAsync(folder, arguments, bounds.List, cancellationToken).ConfigureAwait(false);
        if (GitRemote.IsRedirect(access, outcome))
            throw new RedirectedException();
        return outcome.Succeeded ? outcome.Text : throw new FailureException(GitFailures.From(access, "clone", outcome));
    }

    /// <summary>The base branch's commit; refuses what can't be a base.</summary>
    private async Task<string> RequireBaseAsync(string folder, RemoteReferences references, CancellationToken cancellationToken)
    {
        var name = branch ?? references.HeadBranch;
        if (name is not null && name == workBranch)
        {
            throw new FailureException(
                FailureCodes.Configuration,
                $"The work branch '{workBranch}' is the base branch itself, and AiCoder never pushes to that. Set work_branch to another name.");
        }
        if (name is not null && references.CommitOf(name) is { } commit)
            return commit;
        if (name is not null && branch is null && references.Commits.TryGetValue("HEAD", out var head))
            return head;

        var all = RemoteReferences.Parse(
            await RequireListAsync(folder, ["ls-remote", "--heads", "--", access.Url.ForGit(access.User)], cancellationToken).ConfigureAwait(false));
        var names = all.Commits.Keys.Select(reference => reference["refs/heads/".Length..]).ToList();
        if (names.Count == 0)
        {
            throw new FailureException(
                FailureCodes.EmptyRepository,
                $"{access.Url} has no commit yet. Push a first commit (a README will do) and start the task again.");
        }
        var some = string.Join(", ", names.Take(BranchesNamed)) + (names.Count > BranchesNamed ? ", …" : "");
        throw new FailureException(
            FailureCodes.BranchNotFound,
            branch is null
                ? $"The HEAD of {access.Url} names no branch that is there; set branch to one of: {some}."
                : $"{access.Url} has no branch '{branch}'. It has: {some}.");
    }

    private async Task<string?> TreeOfAsync(string folder, string commit, CancellationToken cancellationToken)
    {
        if (_known is var (knownCommit, knownTree) && knownCommit == commit)
            return knownTree;
        var outcome = await git.RunAsync(
            new()
            {
                Arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", commit + "^{tree}"],
                Environment = new Dictionary<string, string> { ["GIT_DIR"] = folder },
                Timeout = bounds.Local,
            },
            cancellationToken).ConfigureAwait(false);
        if (!outcome.Succeeded)
            return null;
        var tree = outcome.Text.Trim();
        _known = (commit, tree);
        return tree;
    }

    private async Task<GitOutcome> RunAsync(string folder, string[] arguments, TimeSpan timeout, CancellationToken cancellationToken)
    {
        using var session = new RemoteSession(access, bounds, git.Options.GitEnvironment, folder);
        return await git.RunAsync(
            new()
            {
                Arguments = arguments,
                Configuration = [.. session.Configuration, ("fetch.unpackLimit", "1"), ("transfer.unpackLimit", "1"), ("fetch.writeCommitGraph", "false")],
                Environment = new Dictionary<string, string>(session.Environment) { ["GIT_DIR"] = folder },
                Timeout = timeout,
            },
            cancellationToken).ConfigureAwait(false);
    }
}
