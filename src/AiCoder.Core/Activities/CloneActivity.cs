using AiCoder.Core.Commits;
using AiCoder.Core.Git;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Activities;

/// <summary>
/// Clones the base branch into the task's workspace and lays the work tree on the work branch. Running it twice makes a second clone,
/// and whoever's result is recorded counts; the other is only there.
/// </summary>
public sealed class CloneActivity(GitRemote remote, RemoteAccessResolver resolver, WorkspaceStore workspaces, ISecretStore secretStore)
{
    public async Task<CloneOutput> RunAsync(CloneInput input, ActivityContext context, CancellationToken cancellationToken)
    {
        var spec = input.Spec;
        var secrets = await secretStore.GetAsync(context.SecretsReference, cancellationToken).ConfigureAwait(false);
        var access = await resolver.ResolveAsync(spec, secrets, cancellationToken).ConfigureAwait(false);
        var workspace = await workspaces.OpenAsync(spec.TaskId, cancellationToken).ConfigureAwait(false);

        context.Report(new(TaskState.Cloning, $"cloning {access.Url}"));
        var cloned = await remote.CloneAsync(workspace, access, spec.Branch, spec.WorkBranch, cancellationToken).ConfigureAwait(false);
        context.Report(new(TaskState.Cloning, $"checking out {cloned.BaseBranch} at {cloned.BaseCommit[..8]}"));
        await workspace.CheckoutAsync(cloned.Tree, cancellationToken).ConfigureAwait(false);
        var notes = await CloneNotes.FindAsync(workspace, cancellationToken).ConfigureAwait(false);
        var output = new CloneOutput(cloned.BaseBranch, cloned.BaseCommit, cloned.Tree, cloned.RemoteWorkCommit, notes, cloned.FromCache);
        // What would be refused at the push is refused before the model is paid.
        WorkBranchPolicy.Require(spec, output);
        return output;
    }
}
