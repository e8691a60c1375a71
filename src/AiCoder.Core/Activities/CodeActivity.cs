using AiCoder.Core.Agent;
using AiCoder.Core.Agent.Context;
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
using LibGit2Sharp;

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

        var spec = input.Spec;
        var scope = PathScope.Of(spec);
        using var tools = new ToolSet(workspace.WorkTree, workspace.GitFolderPath, scope, sandbox, workspace.SandboxHome, Network(spec), time, spec.Validation.Image);
        var redactor = SecretRedactor.For(options, secrets);
        var guard = new ScopeGuard(workspace, scope, input.Source.Tree);
        var record = new CodingRecord(input, workspace, transcript, context, time);
        var model = models.Create(spec, secrets);
        Task<bool> PrepareThisAsync(CancellationToken stop) => PrepareAsync(workspace, spec, redactor, context, stop);
        Task<CodeOutput> RunEngineAsync(CodingTexts texts, CancellationToken stop)
        {
            if (spec.Engine == TaskEngine.Qwen)
                return new QwenLoop(input, record, workspace, sandbox, QwenInstallation.Find(options.QwenCodeDir), Forwarder(), model, guard, redactor, context, time, PrepareThisAsync).RunAsync(texts, stop);
            var turns = new TurnRunner(workspace, tools, guard, redactor, line => context.Report(new(TaskState.Coding, line)));
            return new AgentLoop(input, record, workspace, model, tools, turns, context, time, Bounds, PrepareThisAsync).RunAsync(texts, stop);
        }

        using var deadline = new CancellationTokenSource(UntilDeadline(input), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            var texts = new CodingTexts(
                OutputLanguage.Describe(options.OutputLanguage),
                () => redactor.Redact(Opening(workspace, input, cancellationToken)),
                redactor.Redact(TaskPrompt.Reminder(spec, input.Plan)));
            return await RunEngineAsync(texts, either.Token).ConfigureAwait(false);
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

    private static string Opening(Workspace workspace, CodeInput input, CancellationToken cancellationToken)
    {
        if (input.Iteration > 1)
            return ValidationFeedback.Render(input.Feedback ?? new TestResults { Verdict = Verdict.Failed });
        using var repository = new Repository(workspace.GitFolderPath);
        var (spec, tree) = (input.Spec, input.Source.Tree);
        var map = RepositoryMap.Render(repository, tree, TaskPrompt.About(spec, input.Plan), spec.Paths, ContextBudget.Coding, out var budget, cancellationToken);
        return TaskPrompt.Code(spec, input.Plan, map, ProjectInstructions.Render(repository.Lookup<Tree>(tree), spec.Paths, budget.Instructions));
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
