using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Agent;

/// <summary>
/// One batch of turns with the model. Everything it decides follows from the transcript, and every step is in the transcript
/// before the next begins: a kill at any instant repeats at most the one model call in flight.
/// </summary>
internal sealed class AgentLoop(
    CodeInput input,
    CodingRecord record,
    ModelClient model,
    Tools.ToolSet tools,
    TurnRunner turns,
    ActivityContext context,
    TimeProvider time,
    BatchBounds bounds) : ICodingEngine
{
    private readonly ModelTurn _turn = new(model, tools.Definitions);

    /// <inheritdoc/>
    public async Task<CodeOutput> RunAsync(CodingTexts texts, CancellationToken cancellationToken)
    {
        await BeginAsync(texts, cancellationToken).ConfigureAwait(false);

        var (asked, started) = (0, time.GetTimestamp());
        while (true)
        {
            switch (NextStep.After(record.Iteration))
            {
                case NextStep.End end:
                    return await record.EndAsync(end.Failure is null, end.Summary, end.Failure, cancellationToken).ConfigureAwait(false);
                case NextStep.RunTools run:
                    await RunToolsAsync(run.Entry.Answer, cancellationToken).ConfigureAwait(false);
                    break;
                case NextStep.Remind remind:
                    await record.SayAsync(MessageSource.Reminder, remind.Text, 0, cancellationToken).ConfigureAwait(false);
                    break;
                case NextStep.Ask when asked >= bounds.Turns || time.GetElapsedTime(started) >= bounds.Time:
                    return await record.EndAsync(done: false, null, null, cancellationToken).ConfigureAwait(false);
                case NextStep.Ask when record.Exceeded() is { } failure:
                    return await record.EndFailedAsync(failure, cancellationToken).ConfigureAwait(false);
                case NextStep.Ask:
                    context.Stopping.ThrowIfCancellationRequested();
                    if (PlanReminder.IsDue(record.Entries))
                        await record.SayAsync(MessageSource.Plan, texts.Reminder, 0, cancellationToken).ConfigureAwait(false);
                    await TakeMessagesAsync(cancellationToken).ConfigureAwait(false);
                    await AskAsync(cancellationToken).ConfigureAwait(false);
                    asked++;
                    break;
            }
        }
    }

    private async Task BeginAsync(CodingTexts texts, CancellationToken cancellationToken)
    {
        if (!record.Entries.Any(entry => entry.Stage == Transcript.Coding))
            await record.AppendAsync(
                new MessageEntry { Stage = Transcript.Coding, Iteration = 0, Role = "system", Source = MessageSource.Task, Text = Prompt.Render("code.v2", ("language", texts.Language)) },
                cancellationToken).ConfigureAwait(false);
        if (record.Iteration.Count == 0)
            await record.SayAsync(input.Iteration == 1 ? MessageSource.Task : MessageSource.Feedback, texts.Opening(), 0, cancellationToken).ConfigureAwait(false);
    }

    private async Task AskAsync(CancellationToken cancellationToken)
    {
        context.Report(new(TaskState.Coding, "asking the model", record.Usage));
        try
        {
            var (answer, form) = await _turn.AskAsync(record.Entries, Transcript.Coding, cancellationToken).ConfigureAwait(false);
            await record.AnsweredAsync(model.Endpoint.Model, answer, form).ConfigureAwait(false);
        }
        catch (ContextTooLongException exception)
        {
            var level = record.Entries.OfType<ShortenEntry>().Count() + 1;
            if (level > Conversation.MaxLevel)
                throw new FailureException(FailureCodes.ModelUnusable, $"{exception.Message} The conversation could not be made short enough; use a model with a larger context, or a smaller task.", exception);
            await record.AppendAsync(new ShortenEntry { Stage = Transcript.Coding, Iteration = input.Iteration, Level = level }, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task RunToolsAsync(ModelAnswer answer, CancellationToken cancellationToken)
    {
        var outcome = await turns.RunAsync(answer, record.Tree, cancellationToken).ConfigureAwait(false);
        var results = outcome.Results.ToList();
        var unchanged = outcome.Finished is not null && record.IsUnchanged(outcome.Tree);
        var accepted = outcome.Finished is not null && !unchanged
            && (await record.NewMessagesAsync(cancellationToken).ConfigureAwait(false)).Count == 0;
        if (unchanged)
            results[^1] = results[^1] with { Text = "Nothing changed: the repository is as it was before. If the task needs no change, say so by calling finish again; otherwise make the change first." };
        else if (outcome.Finished is not null && !accepted)
            results[^1] = results[^1] with { Text = "Not finished yet: a person has written; the message follows." };
        await record.AppendAsync(
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

    private async Task TakeMessagesAsync(CancellationToken cancellationToken)
    {
        foreach (var message in await record.NewMessagesAsync(cancellationToken).ConfigureAwait(false))
            await record.SayAsync(MessageSource.Person, Prompt.Render("message.v1", ("text", message.Text)), message.Number, cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>When a batch ends although the model is not done, so that the workflow keeps a checkpoint.</summary>
internal sealed record BatchBounds
{
    public int Turns { get; init; } = 10;
    public TimeSpan Time { get; init; } = TimeSpan.FromMinutes(5);
}
