using AiCoder.Core.Commits;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Forges;
using AiCoder.Core.Git;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Activities;

/// <summary>
/// Checks what would be committed, commits it, pushes the work branch, and opens the pull request if asked. Run twice it makes the
/// same commit, which is then on the remote already, and finds the same pull request.
/// </summary>
public sealed class CommitActivity(
    AiCoderOptions options,
    ISecretStore secretStore,
    WorkspaceStore workspaces,
    LocalRepository repository,
    RemoteAccessResolver resolver,
    GitRemote remote,
    ForgeLocator forges,
    SecretScanner scanner)
{
    /// <exception cref="FailureException">
    /// <c>code/no_changes</c>, <c>code/content_refused</c>, <c>code/push_rejected</c>, <c>code/push_conflict</c>, or what went wrong on the
    /// way. A pull request that can't be opened is no failure: see <see cref="PullRequestResult.Error"/>.
    /// </exception>
    public async Task<CommitOutput> RunAsync(CommitInput input, ActivityContext context, CancellationToken cancellationToken)
    {
        var spec = input.Spec;
        WorkBranchPolicy.Require(spec, input.Source);
        var secrets = await secretStore.GetAsync(context.SecretsReference, cancellationToken).ConfigureAwait(false);
        var workspace = await workspaces.OpenAsync(spec.TaskId, cancellationToken).ConfigureAwait(false);

        context.Report(new(TaskState.Committing, "checking what would be committed"));
        var content = await new ContentCheck(scanner, options.Secrets, secrets).RunAsync(workspace, input, cancellationToken).ConfigureAwait(false);
        var redactor = SecretRedactor.For(options, secrets);
        var commit = repository.CreateCommit(
            workspace,
            content.Tree,
            input.Source.BaseCommit,
            Clean(CommitMessage.Create(input, content.Changes), redactor),
            options.GitUserName,
            options.GitEmail,
            new DateTimeOffset(DateTime.SpecifyKind(input.CommittedAt, DateTimeKind.Utc)));

        context.Report(new(TaskState.Committing, $"pushing {commit[..8]} to {spec.WorkBranch}"));
        var access = await resolver.ResolveAsync(spec, secrets, cancellationToken).ConfigureAwait(false);
        var push = await remote
            .PushAsync(workspace, access, commit, spec.WorkBranch, input.Source.RemoteWorkCommit, cancellationToken)
            .ConfigureAwait(false);

        var notes = new List<string>(content.Notes);
        var pullRequest = spec.PullRequest is null && !input.Draft
            ? null
            : await OpenPullRequestAsync(input, content, secrets, redactor, notes, context, cancellationToken).ConfigureAwait(false);
        return new(commit, [.. content.Changes.Select(change => change.ToString())], push, pullRequest, notes);
    }

    private async Task<PullRequestResult> OpenPullRequestAsync(
        CommitInput input,
        CheckedContent content,
        TaskSecrets secrets,
        SecretRedactor redactor,
        List<string> notes,
        ActivityContext context,
        CancellationToken cancellationToken)
    {
        context.Report(new(TaskState.Committing, "opening the pull request"));
        try
        {
            var proposal = PullRequestText.Create(input, content.Changes, content.Notes);
            proposal = proposal with { Title = Clean(proposal.Title, redactor), Description = Clean(proposal.Description, redactor) };
            var opened = await forges.Locate(input.Spec, secrets).FindOrCreateAsync(proposal, cancellationToken).ConfigureAwait(false);
            notes.AddRange(opened.Notes);
            return new() { Url = opened.Url, Number = opened.Number, Draft = opened.Draft, Existing = opened.Existing };
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception exception)
        {
            // The push is done and stands, whatever the forge's API made of the rest.
            var failure = FailureMapping.From(exception);
            return new() { Error = failure with { Message = redactor.Redact(failure.Message) } };
        }
    }

    /// <summary>The intent and the model's words may quote a secret that nobody told us of.</summary>
    private string Clean(string text, SecretRedactor redactor)
    {
        var known = redactor.Redact(text);
        return new SecretRedactor(scanner.Scan(known).Select(finding => finding.Value)).Redact(known);
    }
}
