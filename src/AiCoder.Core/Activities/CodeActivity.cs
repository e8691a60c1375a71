using AiCoder.Core.Agent;
using AiCoder.Core.Agent.Qwen;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Tools;
using AiCoder.Core.Validation;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Activities;

/// <summary>
/// One batch of the agent's turns. Failures that pass are thrown, and the workflow calls again: the transcript says where to go on.
/// </summary>
public sealed class CodeActivity(
    AiCoderOptions options,
    WorkspaceStore workspaces,
    ISecretStore secretStore,
    ISandbox sandbox,
    ModelClientFactory models,
    TimeProvider time)
{
    private readonly TaskGate _gate = new();

    /// <summary>When a batch ends although the model is not done; for tests.</summary>
    internal BatchBounds Bounds { get; init; } = new();

    /// <summary>How our own program is started inside the sandbox of another engine.</summary>
    internal Func<OwnProgram> Forwarder { get; init; } = OwnProgram.Current;

    /// <summary>Runs a batch, or answers what it answered before.</summary>
    /// <exception cref="FailureException">
    /// <c>sandbox_unavailable</c> before the first model call; failures of the model's endpoint that pass.
    /// </exception>
    public async Task<CodeOutput> RunAsync(CodeInput input, ActivityContext context, CancellationToken cancellationToken)
    {
        using var entered = await _gate.EnterAsync(input.Spec.TaskId, cancellationToken).ConfigureAwait(false);
        var workspace = await workspaces.OpenAsync(input.Spec.TaskId, cancellationToken).ConfigureAwait(false);
        var transcript = await Transcript.OpenAsync(workspace.TranscriptPath, time, cancellationToken).ConfigureAwait(false);
        await using var closing = transcript.ConfigureAwait(false);
        await sandbox.ProbeAsync(cancellationToken).ConfigureAwait(false);
        var secrets = await secretStore.GetAsync(context.SecretsReference, cancellationToken).ConfigureAwait(false);

        var model = models.Create(input.Spec, secrets);
        var record = new CodingRecord(input, workspace, transcript, context, time);

        using var deadline = new CancellationTokenSource(UntilDeadline(input), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            return await RunBatchAsync(input, workspace, record, model, SecretRedactor.For(options, secrets), context, either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested && !context.Stopping.IsCancellationRequested)
        {
            return await record.EndOutOfTimeAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (FailureException exception) when (exception.Failure is { Retryable: false, Category: FailureCategory.Code or FailureCategory.Authentication })
        {
            return await record.EndFailedAsync(exception.Failure, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The batch by the engine that the request names, on the newest snapshot and with what the repository needs installed.</summary>
    private async Task<CodeOutput> RunBatchAsync(
        CodeInput input, Workspace workspace, CodingRecord record, ModelClient model, SecretRedactor redactor, ActivityContext context, CancellationToken cancellationToken)
    {
        if (record.Recorded() is { } recorded)
            return recorded;
        record.CheckLimits(model);

        var spec = input.Spec;
        var scope = await PathScope.OfAsync(spec, workspace, input.Source.Tree, cancellationToken).ConfigureAwait(false);
        var guard = new ScopeGuard(workspace, scope);
        using var tools = new ToolSet(workspace.WorkTree, workspace.GitFolderPath, scope, sandbox, workspace.SandboxHome, Network(spec), time, spec.Validation.Image);
        ICodingEngine engine = spec.Engine == TaskEngine.Qwen
            ? new QwenLoop(input, record, workspace, sandbox, await FindQwenAsync(context, cancellationToken).ConfigureAwait(false), Forwarder(), model, guard, redactor, context, time)
            : new AgentLoop(input, record, model, tools, new TurnRunner(workspace, tools, guard, redactor, line => context.Report(new(TaskState.Coding, line))), context, time, Bounds);

        await workspace.CheckoutAsync(record.Tree, cancellationToken).ConfigureAwait(false);
        // What an installation did to the repository's own files is none of the task's changes.
        if (await PrepareAsync(workspace, spec, redactor, context, cancellationToken).ConfigureAwait(false))
            await workspace.CheckoutAsync(record.Tree, cancellationToken).ConfigureAwait(false);
        return await engine.RunAsync(CodingTexts.Of(input, workspace, options.OutputLanguage, redactor, cancellationToken), cancellationToken).ConfigureAwait(false);
    }

    private async Task<QwenInstallation> FindQwenAsync(ActivityContext context, CancellationToken cancellationToken)
    {
        var installation = QwenInstallation.Find(options.QwenCodeDir);
        return sandbox.IsElsewhere
            ? await QwenPlacement.PlaceAsync(installation, options.WorkspaceDir, detail => context.Report(new(TaskState.Coding, detail)), time, cancellationToken).ConfigureAwait(false)
            : installation;
    }

    /// <summary>
    /// Installs what the repository needs where this epoch's work tree has not got it: the task goes on after a kill, or on another
    /// machine than the one where it was prepared. What could not be installed the validation will say.
    /// </summary>
    /// <returns>Whether anything ran.</returns>
    private async Task<bool> PrepareAsync(Workspace workspace, TaskSpec spec, SecretRedactor redactor, ActivityContext context, CancellationToken cancellationToken)
    {
        if (File.Exists(workspace.PreparedPath))
            return false;
        try
        {
            await new Validator(sandbox, redactor).PrepareAsync(
                new()
                {
                    Purpose = ValidationPurpose.Baseline,
                    Options = spec.Validation,
                    NetworkCeiling = options.SandboxNetwork,
                    WorkTree = workspace.WorkTree,
                    Home = workspace.SandboxHome,
                    PreparedPath = workspace.PreparedPath,
                    Report = detail => context.Report(new(TaskState.Coding, detail)),
                },
                cancellationToken).ConfigureAwait(false);
            return true;
        }
        finally
        {
            workspace.MarkDirty();
        }
    }

    private bool Network(TaskSpec spec) =>
        options.SandboxNetwork == ValidationNetwork.All && (spec.Validation.Network ?? ValidationNetwork.All) == ValidationNetwork.All;

    // Timers take at most some weeks; a deadline that far away bounds nothing.
    private TimeSpan UntilDeadline(CodeInput input)
    {
        if (input.Deadline is not { } deadline)
            return Timeout.InfiniteTimeSpan;
        var left = deadline - time.GetUtcNow().UtcDateTime;
        return left <= TimeSpan.Zero ? TimeSpan.Zero : left > TimeSpan.FromDays(20) ? Timeout.InfiniteTimeSpan : left;
    }
}
