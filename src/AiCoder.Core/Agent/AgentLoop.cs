using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Core.Tasks;
using AiCoder.Core.Tools;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Agent;

/// <summary>
/// One batch of turns with the model. Everything it decides follows from the transcript, and every step is in the transcript
/// before the next begins: a kill at any instant repeats at most the one model call in flight.
/// </summary>
internal sealed class AgentLoop(
    CodeInput input,
    Workspace workspace,
    Transcript transcript,
    ModelClient model,
    ToolSet tools,
    TurnRunner turns,
    ActivityContext context,
    TimeProvider time,
    BatchBounds bounds,
    Func<CancellationToken, Task<bool>> prepareAsync)
{
    private readonly SpendingLimits _limits = new(input.Spec.Limits);

    public async Task<CodeOutput> RunAsync(CodingTexts texts, CancellationToken cancellationToken)
    {
        if (Recorded() is { } recorded)
            return recorded;
        _limits.Check(model);
        await workspace.CheckoutAsync(Tree, cancellationToken).ConfigureAwait(false);
        // What an installation did to the repository's own files is none of the task's changes.
        if (await prepareAsync(cancellationToken).ConfigureAwait(false))
            await workspace.CheckoutAsync(Tree, cancellationToken).ConfigureAwait(false);
        await BeginAsync(texts, cancellationToken).ConfigureAwait(false);

        var (asked, started) = (0, time.GetTimestamp());
        while (true)
        {
            switch (NextStep.After(Iteration))
            {
                case NextStep.End end:
                    return await EndAsync(end.Failure is null, end.Summary, end.Failure, cancellationToken).ConfigureAwait(false);
                case NextStep.RunTools run:
                    await RunToolsAsync(run.Entry.Answer, cancellationToken).ConfigureAwait(false);
                    break;
                case NextStep.Remind remind:
                    await SayAsync(MessageSource.Reminder, remind.Text, 0, cancellationToken).ConfigureAwait(false);
                    break;
                case NextStep.Ask when asked >= bounds.Turns || time.GetElapsedTime(started) >= bounds.Time:
                    return await EndAsync(done: false, null, null, cancellationToken).ConfigureAwait(false);
                case NextStep.Ask when Exceeded() is { } failure:
                    return await EndAsync(done: false, null, failure, cancellationToken).ConfigureAwait(false);
                case NextStep.Ask:
                    context.Stopping.ThrowIfCancellationRequested();
                    if (PlanReminder.IsDue(transcript.Entries))
                        await SayAsync(MessageSource.Plan, texts.Reminder, 0, cancellationToken).ConfigureAwait(false);
                    await TakeMessagesAsync(cancellationToken).ConfigureAwait(false);
                    await AskAsync(cancellationToken).ConfigureAwait(false);
                    asked++;
                    break;
            }
        }
    }

    /// <summary>Ends the batch where the task's time is used up in the middle of a step, whose work is not kept.</summary>
    public Task<CodeOutput> EndOutOfTimeAsync(CancellationToken cancellationToken) =>
        EndAsync(done: false, null, _limits.OutOfTime(), cancellationToken);

    /// <summary>Ends the batch with a failure of the model that waiting does not mend.</summary>
    public Task<CodeOutput> EndFailedAsync(Failure failure, CancellationToken cancellationToken) =>
        EndAsync(done: false, null, failure, cancellationToken);

    private List<TranscriptEntry> Iteration =>
        [.. transcript.Entries.Where(entry => entry.Stage == Transcript.Coding && entry.Iteration == input.Iteration && entry is not (BatchEntry or ShortenEntry))];

    private IEnumerable<ResultsEntry> AllResults => transcript.Entries.OfType<ResultsEntry>();

    /// <summary>The newest snapshot.</summary>
    private string Tree => AllResults.LastOrDefault()?.Tree ?? input.Tree;

    /// <summary>The snapshot that the iteration began with.</summary>
    private string TreeBefore => AllResults.LastOrDefault(entry => entry.Iteration < input.Iteration)?.Tree ?? input.Source.Tree;

    private CodeOutput? Recorded() => transcript.Entries.OfType<BatchEntry>()
        .FirstOrDefault(entry => entry.Iteration == input.Iteration && entry.Batch == input.Batch)?.Output;

    private async Task BeginAsync(CodingTexts texts, CancellationToken cancellationToken)
    {
        if (!transcript.Entries.Any(entry => entry.Stage == Transcript.Coding))
            await AppendAsync(
                new MessageEntry { Stage = Transcript.Coding, Iteration = 0, Role = "system", Source = MessageSource.Task, Text = texts.System },
                cancellationToken).ConfigureAwait(false);
        if (Iteration.Count == 0)
            await SayAsync(input.Iteration == 1 ? MessageSource.Task : MessageSource.Feedback, texts.Opening(), 0, cancellationToken).ConfigureAwait(false);
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        context.Report(new(TaskState.Coding, "asking the model", transcript.UsageOf(Transcript.Coding)));
        var request = new ModelRequest { Messages = Conversation.Build(transcript.Entries, Transcript.Coding), Tools = tools.Definitions };
        try
        {
            var answer = await model.CompleteAsync(request, cancellationToken).ConfigureAwait(false);
            await AppendAsync(
                new AnswerEntry { Stage = Transcript.Coding, Iteration = input.Iteration, Model = model.Endpoint.Model, Answer = answer },
                CancellationToken.None).ConfigureAwait(false);
        }
        catch (ContextTooLongException exception)
        {
            var level = transcript.Entries.OfType<ShortenEntry>().Count() + 1;
            if (level > Conversation.MaxLevel)
                throw new FailureException(FailureCodes.ModelUnusable, $"{exception.Message} The conversation could not be made short enough; use a model with a larger context, or a smaller task.", exception);
            await AppendAsync(new ShortenEntry { Stage = Transcript.Coding, Iteration = input.Iteration, Level = level }, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task RunToolsAsync(ModelAnswer answer, CancellationToken cancellationToken)
    {
        var outcome = await turns.RunAsync(answer, Tree, cancellationToken).ConfigureAwait(false);
        var results = outcome.Results.ToList();
        // The first iteration has to change the repository; a later one may find that there is nothing to mend.
        var unchanged = outcome.Finished is not null && (outcome.Tree == input.Source.Tree
            || (input.Iteration > 1 && outcome.Tree == TreeBefore && !Iteration.OfType<ResultsEntry>().Any(entry => entry.NothingChanged)));
        var accepted = outcome.Finished is not null && !unchanged && !await AnyMessageAsync(cancellationToken).ConfigureAwait(false);
        if (unchanged)
            results[^1] = results[^1] with { Text = "Nothing changed: the repository is as it was before. If the task needs no change, say so by calling finish again; otherwise make the change first." };
        else if (outcome.Finished is not null && !accepted)
            results[^1] = results[^1] with { Text = "Not finished yet: a person has written; the message follows." };
        await AppendAsync(
            new ResultsEntry
            {
                Stage = Transcript.Coding,
                Iteration = input.Iteration,
                Results = results,
                Tree = outcome.Tree,
                Finished = accepted ? outcome.Finished : null,
                NothingChanged = unchanged,
                Notes = outcome.Notes,
            },
            CancellationToken.None).ConfigureAwait(false);
    }

    private long LastMessage => transcript.Entries.OfType<MessageEntry>().Select(entry => entry.Number).DefaultIfEmpty().Max();

    private async Task<bool> AnyMessageAsync(CancellationToken cancellationToken) =>
        (await context.Signals.ReadMessagesAsync(LastMessage, cancellationToken).ConfigureAwait(false)).Count > 0;

    private async Task TakeMessagesAsync(CancellationToken cancellationToken)
    {
        foreach (var message in await context.Signals.ReadMessagesAsync(LastMessage, cancellationToken).ConfigureAwait(false))
            await SayAsync(MessageSource.Person, Prompt.Render("message.v1", ("text", message.Text)), message.Number, cancellationToken).ConfigureAwait(false);
    }

    private Failure? Exceeded()
    {
        if (input.Deadline is { } deadline && time.GetUtcNow().UtcDateTime >= deadline)
            return _limits.OutOfTime();
        var coding = transcript.UsageOf(Transcript.Coding);
        var last = transcript.Entries.OfType<AnswerEntry>().LastOrDefault(entry => entry.Stage == Transcript.Coding)?.Answer.Usage ?? Usage.Zero;
        return _limits.Exceeded(input.Analysis + coding, coding, last);
    }

    private Task SayAsync(MessageSource source, string text, long number, CancellationToken cancellationToken) => AppendAsync(
        new MessageEntry { Stage = Transcript.Coding, Iteration = input.Iteration, Role = "user", Source = source, Text = text, Number = number },
        cancellationToken);

    private Task AppendAsync(TranscriptEntry entry, CancellationToken cancellationToken) => transcript.AppendAsync(entry, cancellationToken);

    private async Task<CodeOutput> EndAsync(bool done, string? summary, Failure? failure, CancellationToken cancellationToken)
    {
        var changes = await workspace.DiffAsync(input.Source.Tree, Tree, cancellationToken).ConfigureAwait(false);
        var output = new CodeOutput(
            done,
            Tree,
            [.. changes.Select(change => change.ToString())],
            summary,
            transcript.UsageOf(Transcript.Coding),
            [.. AllResults.SelectMany(entry => entry.Notes).Distinct()],
            failure);
        await AppendAsync(
            new BatchEntry { Stage = Transcript.Coding, Iteration = input.Iteration, Batch = input.Batch, Output = output },
            cancellationToken).ConfigureAwait(false);
        return output;
    }
}

/// <summary>When a batch ends although the model is not done, so that the workflow keeps a checkpoint.</summary>
internal sealed record BatchBounds
{
    public int Turns { get; init; } = 10;
    public TimeSpan Time { get; init; } = TimeSpan.FromMinutes(5);
}
