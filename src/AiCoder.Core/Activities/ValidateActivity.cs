using AiCoder.Core.Configuration;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Validation;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Activities;

/// <summary>
/// Validates the untouched clone (and prepares it) or the changes, in the sandbox. Idempotent: it brings the work tree to the
/// snapshot first, and prepares an epoch's work tree once.
/// </summary>
public sealed class ValidateActivity(WorkspaceStore workspaces, ISandbox sandbox, AiCoderOptions options, ISecretStore secretStore)
{
    /// <summary>Runs the validation. Cancelling kills every process it started before it returns.</summary>
    public async Task<ValidateOutput> RunAsync(ValidateInput input, ActivityContext context, CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, context.Stopping);
        var workspace = await workspaces.OpenAsync(input.Spec.TaskId, stop.Token, goesOnWithTranscript: false).ConfigureAwait(false);
        await workspace.CheckoutAsync(input.Tree, stop.Token).ConfigureAwait(false);

        var changes = input.Purpose == ValidationPurpose.Changes
            ? await workspace.DiffAsync(input.Source.Tree, input.Tree, stop.Token).ConfigureAwait(false)
            : [];
        // The baseline runs while the task is still being analyzed.
        var stage = input.Purpose == ValidationPurpose.Baseline ? TaskState.Analyzing : TaskState.Testing;
        var secrets = await secretStore.GetAsync(context.SecretsReference, stop.Token).ConfigureAwait(false);
        try
        {
            // A repository may hold the very token that it was cloned with, and a test may print it.
            var results = await new Validator(sandbox, SecretRedactor.For(options, secrets)).RunAsync(
                new()
                {
                    Purpose = input.Purpose,
                    Options = input.Spec.Validation,
                    NetworkCeiling = options.SandboxNetwork,
                    WorkTree = workspace.WorkTree,
                    Home = workspace.SandboxHome,
                    PreparedPath = workspace.PreparedPath,
                    Changes = changes,
                    Baseline = input.Baseline,
                    Report = detail => context.Report(new(stage, detail)),
                },
                stop.Token).ConfigureAwait(false);
            return new(results);
        }
        finally
        {
            workspace.MarkDirty();
        }
    }
}
