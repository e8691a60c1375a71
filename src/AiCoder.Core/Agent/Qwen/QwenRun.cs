using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Agent.Qwen;

/// <summary>
/// One start of the agent to its end. Every question it asks comes through here, and nothing of it runs meanwhile: so the answer
/// before it is on record before any tool of it runs, and what its tools did is a snapshot before the next question is asked.
/// </summary>
internal sealed class QwenRun(
    CodeInput input, CodingRecord record, ModelClient model, ScopeGuard guard, SecretRedactor redactor, ActivityContext context, TimeProvider time, QwenStream events)
    : IDisposable
{
    // The agent's tools bound what they answer; what somebody else sends to the gateway need not be bounded.
    private const int MostResult = 30_000;

    // Where in the agent's own conversation something of ours was put in: it is put there again in every later question.
    private readonly List<(int At, string Text)> _inserted = [];
    private readonly CancellationTokenSource _ending = new();
    private IReadOnlyList<string> _refused = [];
    private Exception? _stopped;

    /// <summary>Fires when the agent is to be ended, because of what <see cref="Stopped"/> says.</summary>
    public CancellationToken Ending => _ending.Token;

    /// <summary>Keeps the agent and all that it started still.</summary>
    public ProcessHold Hold { get; } = new(time);

    /// <summary>Why the agent was ended; null: it was not.</summary>
    public Exception? Stopped => Volatile.Read(ref _stopped);

    /// <inheritdoc/>
    public void Dispose() => _ending.Dispose();

    /// <summary>Answers a question of the agent.</summary>
    public async Task<ModelAnswer> AnswerAsync(ModelRequest request, CancellationToken cancellationToken)
    {
        try
        {
            await CheckpointAsync(request, cancellationToken).ConfigureAwait(false);
            context.Stopping.ThrowIfCancellationRequested();
            if (record.Exceeded() is { } failure)
                throw new FailureException(failure);
            await InterruptAsync(request.Messages.Count, cancellationToken).ConfigureAwait(false);
            context.Report(new(TaskState.Coding, "asking the model", record.Usage));
            var answer = await AskAsync(request with { Messages = WithInserted(request.Messages) }, cancellationToken).ConfigureAwait(false);
            await record.AnsweredAsync(model.Endpoint.Model, answer).ConfigureAwait(false);
            return answer;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested && !context.Stopping.IsCancellationRequested)
        {
            // The agent has ended, or is being ended by somebody else.
            throw;
        }
        catch (Exception exception)
        {
            // The first reason counts.
            Interlocked.CompareExchange(ref _stopped, exception, null);
            await _ending.CancelAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Takes the snapshot after the tools of the last answer, where that has not been done.</summary>
    /// <param name="request">The question that brings their results.</param>
    /// <param name="cancellationToken">Ends it.</param>
    private async Task CheckpointAsync(ModelRequest request, CancellationToken cancellationToken)
    {
        var answers = request.Messages.Where(message => message.ToolCallId is not null)
            .GroupBy(message => message.ToolCallId!).ToDictionary(group => group.Key, group => group.Last().Text ?? "");
        // A question beside the main one (a summary, say) brings none, and waits for none.
        if (Unanswered.LastOrDefault(answer => answer.ToolCalls.Any(call => answers.ContainsKey(call.Id))) is not { } pending)
            return;
        var results = pending.ToolCalls
            .Select(call => new CallResult(call.Id, BoundedOutput.Cut(redactor.Redact(answers.GetValueOrDefault(call.Id, "(no answer)")), MostResult), events.HasFailed(call.Id)))
            .ToList();
        // What its commands left in the background would change places under our hands: a folder, and a link out of the work tree.
        var (tree, refused) = await Hold.WhileStillAsync(() => SnapshotAsync(cancellationToken), cancellationToken).ConfigureAwait(false);
        await guard.KeepAsync(tree, cancellationToken).ConfigureAwait(false);
        if (refused.Count > 0)
            Insert(request.Messages.Count, ScopeGuard.NotTaken(refused));
        await record.AppendAsync(Results(tree, refused) with { Results = results }, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>A snapshot of the work tree without what the task may not change, and what of that is new.</summary>
    public async Task<(string Tree, IReadOnlyList<string> Refused)> SnapshotAsync(CancellationToken cancellationToken)
    {
        var (tree, refused) = await guard.SnapshotAsync(record.Tree, [], anything: true, cancellationToken).ConfigureAwait(false);
        var unsaid = refused.Except(_refused).ToList();
        _refused = refused;
        return (tree, unsaid);
    }

    /// <summary>An entry for what tools did.</summary>
    public ResultsEntry Results(string tree, IReadOnlyList<string> refused) => new()
    {
        Stage = Transcript.Coding,
        Iteration = input.Iteration,
        Results = [],
        Tree = tree,
        Notes = [.. refused.Distinct().Select(ScopeGuard.Note)],
    };

    /// <summary>Answers whose tools have no results on record.</summary>
    private IEnumerable<ModelAnswer> Unanswered => record.Iteration.AsEnumerable().Reverse().TakeWhile(entry => entry is not ResultsEntry).Reverse()
        .OfType<AnswerEntry>().Select(entry => entry.Answer).Where(answer => answer.ToolCalls.Count > 0);

    /// <summary>What people say, and what we say of an agent that goes round in circles.</summary>
    private async Task InterruptAsync(int at, CancellationToken cancellationToken)
    {
        foreach (var message in await record.NewMessagesAsync(cancellationToken).ConfigureAwait(false))
        {
            var text = Prompt.Render("message.v1", ("text", message.Text));
            await record.SayAsync(MessageSource.Person, text, message.Number, cancellationToken).ConfigureAwait(false);
            Insert(at, text);
        }

        if (record.Iteration[^1] is not ResultsEntry)
            return;
        switch (NextStep.After(record.Iteration))
        {
            case NextStep.End { Failure: { } failure }:
                throw new FailureException(failure);
            case NextStep.Remind remind:
                await record.SayAsync(MessageSource.Reminder, remind.Text, 0, cancellationToken).ConfigureAwait(false);
                Insert(at, remind.Text);
                break;
        }
    }

    private void Insert(int at, string text) => _inserted.Add((at, text));

    private List<ChatMessage> WithInserted(IReadOnlyList<ChatMessage> messages)
    {
        var whole = messages.ToList();
        // From the end, so that what comes later moves nothing that comes before. Where the agent has shortened its conversation, at its end.
        foreach (var (at, text) in Enumerable.Reverse(_inserted))
            whole.Insert(Math.Min(at, messages.Count), ChatMessage.User(text));
        return whole;
    }

    /// <summary>Asks until there is an answer: the agent's own patience would cost its whole conversation.</summary>
    private async Task<ModelAnswer> AskAsync(ModelRequest request, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await model.CompleteAsync(request, cancellationToken).ConfigureAwait(false);
            }
            catch (ToolsRefusedException refused)
            {
                throw new FailureException(refused.Lasting
                    ? Failure.Of(FailureCodes.ModelUnusable, $"{refused.Message} The engine 'qwen' works with models that take tool calls only; use the engine 'openai'.")
                    : refused.Failure);
            }
            catch (FailureException exception) when (exception.Failure.Retryable)
            {
                // The workflow is not to begin the same tries again with a new start of the agent.
                if (RetryTable.NextDelay(ActivityNames.Code, exception.Failure, attempt, input.Spec.TaskId) is not { } delay)
                    throw new FailureException(exception.Failure with { Retryable = false }, exception);
                if (input.Deadline is { } deadline && time.GetUtcNow().UtcDateTime + delay >= deadline)
                    throw new FailureException(Failure.Of(FailureCodes.LimitTime, $"The task's time (limits.max_minutes) ends before the model would be asked again. {exception.Failure}"), exception);
                context.Report(new(TaskState.Coding, $"waiting for the model: {exception.Failure.Code}"));
                using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, context.Stopping);
                await Task.Delay(delay, time, either.Token).ConfigureAwait(false);
            }
        }
    }
}
