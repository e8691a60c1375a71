using System.Globalization;
using AiCoder.Core.Agent;
using AiCoder.Core.Agent.Context;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;
using LibGit2Sharp;

namespace AiCoder.Core.Activities;

/// <summary>
/// Asks the model for a plan. Reads the base commit only. Its answers stand in the transcript: run again, it takes up where it was,
/// and a plan that is there is not paid twice.
/// </summary>
public sealed class AnalyzeActivity(
    AiCoderOptions options,
    WorkspaceStore workspaces,
    ISecretStore secretStore,
    ModelClientFactory models,
    TimeProvider time)
{
    private const int Repairs = 2;
    private readonly TaskGate _gate = new();

    /// <summary>Makes the plan, or finds it. What ends the task for good (<c>plan_invalid</c> after the repairs, a limit) is in the output.</summary>
    /// <exception cref="FailureException">The model endpoint's failures that pass, and those of the configuration.</exception>
    public async Task<AnalyzeOutput> RunAsync(AnalyzeInput input, ActivityContext context, CancellationToken cancellationToken)
    {
        using var entered = await _gate.EnterAsync(input.Spec.TaskId, cancellationToken).ConfigureAwait(false);
        var workspace = await workspaces.OpenAsync(input.Spec.TaskId, cancellationToken).ConfigureAwait(false);
        var transcript = await Transcript.OpenAsync(workspace.TranscriptPath, time, cancellationToken).ConfigureAwait(false);
        await using var closing = transcript.ConfigureAwait(false);
        var secrets = await secretStore.GetAsync(context.SecretsReference, cancellationToken).ConfigureAwait(false);
        try
        {
            return await RunAsync(input, workspace, transcript, secrets, context, cancellationToken).ConfigureAwait(false);
        }
        catch (FailureException exception) when (exception.Failure is { Retryable: false, Category: FailureCategory.Code or FailureCategory.Authentication })
        {
            return new(new Plan(), transcript.UsageOf(Transcript.Analyzing), exception.Failure);
        }
    }

    private async Task<AnalyzeOutput> RunAsync(
        AnalyzeInput input, Workspace workspace, Transcript transcript, TaskSecrets secrets, ActivityContext context, CancellationToken cancellationToken)
    {
        var model = models.Create(input.Spec, secrets);
        var limits = new SpendingLimits(input.Spec.Limits);
        limits.Check(model);

        if (!Own(transcript).Any())
        {
            var redactor = SecretRedactor.For(options, secrets);
            var map = Map(workspace, input, cancellationToken);
            await SayAsync(transcript, "system", MessageSource.Task, Prompt.Render("analyze.v2", ("language", OutputLanguage.Describe(options.OutputLanguage))), cancellationToken).ConfigureAwait(false);
            await SayAsync(transcript, "user", MessageSource.Task, redactor.Redact(TaskPrompt.Analyze(input.Spec, map)), cancellationToken).ConfigureAwait(false);
        }

        while (true)
        {
            if (Own(transcript).Last() is AnswerEntry { Answer: { Refused: true } refused })
            {
                if (Own(transcript).Count(entry => entry is AnswerEntry { Answer.Refused: true }) > 1)
                    throw new FailureException(NextStep.Refusal(refused));
                await SayAsync(transcript, "user", MessageSource.Reminder, Prompt.Render("refused.v1"), cancellationToken).ConfigureAwait(false);
            }
            else if (Own(transcript).Last() is AnswerEntry last)
            {
                var (plan, problem) = await PlanReader.ReadAsync(last.Answer.Text, cancellationToken).ConfigureAwait(false);
                if (plan is not null)
                    return new(Redacted(plan, SecretRedactor.OfSure(options, secrets)), transcript.UsageOf(Transcript.Analyzing));
                if (Own(transcript).OfType<AnswerEntry>().Count(entry => !entry.Answer.Refused) > Repairs)
                    throw new FailureException(FailureCodes.PlanInvalid, string.Create(CultureInfo.InvariantCulture, $"The model {model.Endpoint.Model} gave no valid plan in {Repairs + 1} tries: {problem}. Use a more capable model; its answers are in the transcript."));
                await SayAsync(transcript, "user", MessageSource.Reminder, Prompt.Render("repair.v1", ("problem", problem)), cancellationToken).ConfigureAwait(false);
            }

            context.Stopping.ThrowIfCancellationRequested();
            var usage = transcript.UsageOf(Transcript.Analyzing);
            if (limits.Exceeded(usage, Usage.Zero, Own(transcript).OfType<AnswerEntry>().LastOrDefault()?.Answer.Usage ?? Usage.Zero) is { } failure)
                throw new FailureException(failure);
            context.Report(new(TaskState.Analyzing, "asking the model for a plan", usage));
            await AskAsync(transcript, model, cancellationToken).ConfigureAwait(false);
        }
    }

    private static IEnumerable<TranscriptEntry> Own(Transcript transcript) =>
        transcript.Entries.Where(entry => entry.Stage == Transcript.Analyzing);

    private static string Map(Workspace workspace, AnalyzeInput input, CancellationToken cancellationToken)
    {
        using var repository = new Repository(workspace.GitFolderPath);
        return RepositoryMap.Render(repository, input.Source.Tree, input.Spec.Intent, input.Spec.Paths, ContextBudget.Analyzing, out _, cancellationToken);
    }

    // Read from JSON, in which escapes may have hidden a secret; it goes into the journal and to the webhook.
    private static Plan Redacted(Plan plan, SecretRedactor redactor) => plan with
    {
        Summary = redactor.Redact(plan.Summary),
        Files = [.. plan.Files.Select(redactor.Redact)],
        Changes = [.. plan.Changes.Select(redactor.Redact)],
        Tests = [.. plan.Tests.Select(redactor.Redact)],
    };

    private static async Task AskAsync(Transcript transcript, ModelClient model, CancellationToken cancellationToken)
    {
        try
        {
            var request = new ModelRequest { Messages = Conversation.Build(transcript.Entries, Transcript.Analyzing) };
            var answer = await model.CompleteAsync(request, cancellationToken).ConfigureAwait(false);
            // No tool was offered here; endpoints refuse a conversation with calls that nobody answered.
            answer = answer with { ToolCalls = [] };
            await transcript.AppendAsync(
                new AnswerEntry { Stage = Transcript.Analyzing, Model = model.Endpoint.Model, Answer = answer }, CancellationToken.None).ConfigureAwait(false);
        }
        catch (ContextTooLongException exception)
        {
            throw new FailureException(FailureCodes.ModelUnusable, $"{exception.Message} Even the first request is too long for the model {model.Endpoint.Model}; use one with a larger context.", exception);
        }
    }

    private static Task SayAsync(Transcript transcript, string role, MessageSource source, string text, CancellationToken cancellationToken) =>
        transcript.AppendAsync(new MessageEntry { Stage = Transcript.Analyzing, Role = role, Source = source, Text = text }, cancellationToken);
}
