using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Agent.Qwen;

/// <summary>
/// Coding by the Qwen Code command line. It is started with the whole task, and again, with what was done so far, where it was
/// killed, moved to another machine, or ended too early.
/// </summary>
internal sealed class QwenLoop(
    CodeInput input,
    CodingRecord record,
    Workspace workspace,
    ISandbox sandbox,
    QwenInstallation installation,
    OwnProgram forwarder,
    ModelClient model,
    ScopeGuard guard,
    SecretRedactor redactor,
    ActivityContext context,
    TimeProvider time) : ICodingEngine
{
    // How often a conversation may outgrow the model: each time it begins anew, with what is done already.
    private const int MostFreshStarts = 3;

    private readonly QwenExit _exit = new(installation, sandbox, redactor);

    /// <inheritdoc/>
    public async Task<CodeOutput> RunAsync(CodingTexts texts, CancellationToken cancellationToken)
    {
        if (record.Iteration.Count == 0)
            await record.SayAsync(input.Iteration == 1 ? MessageSource.Task : MessageSource.Feedback, texts.Opening(), 0, cancellationToken).ConfigureAwait(false);

        for (var tooLong = 0; ;)
        {
            if (record.Iteration[^1] is ResultsEntry { Finished: { } summary })
                return await record.EndAsync(done: true, summary, null, cancellationToken).ConfigureAwait(false);
            if (record.Iteration.OfType<ResultsEntry>().Count(entry => entry.NothingChanged) > 1)
                return await record.EndFailedAsync(NextStep.NothingChangedTwice, cancellationToken).ConfigureAwait(false);
            if (record.Exceeded() is { } failure)
                return await record.EndFailedAsync(failure, cancellationToken).ConfigureAwait(false);
            // What an interrupted start left behind is none of the task's changes.
            await workspace.CheckoutAsync(record.Tree, cancellationToken).ConfigureAwait(false);
            try
            {
                await StartAsync(texts.Language, cancellationToken).ConfigureAwait(false);
            }
            catch (ContextTooLongException exception)
            {
                if (++tooLong > MostFreshStarts)
                    throw new FailureException(FailureCodes.ModelUnusable, $"{exception.Message} Use a model with a larger context, or a smaller task.", exception);
            }
        }
    }

    private async Task StartAsync(string language, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("aicoder-");
        try
        {
            var events = new QwenStream(line => context.Report(new(TaskState.Coding, redactor.Redact(line))));
            using var run = new QwenRun(input, record, model, guard, redactor, context, time, events);
            var prompt = await QwenPrompt.RenderAsync(input, record, workspace, language, cancellationToken).ConfigureAwait(false);
            var gateway = await ModelGateway.OpenAsync(QwenCommand.SocketIn(folder.FullName), input.Spec.Model, run.AnswerAsync, time, cancellationToken).ConfigureAwait(false);
            CommandOutcome? outcome;
            await using (gateway.ConfigureAwait(false))
            {
                outcome = await RunAsync(folder.FullName, run, new()
                {
                    Prompt = prompt,
                    Model = input.Spec.Model,
                    Token = gateway.Token,
                    WorkTree = workspace.WorkTree,
                    Home = workspace.SandboxHome,
                    Image = input.Spec.Validation.Image,
                    // One more than there are: the gateway ends it at the limit, with what its last tools did on record.
                    Turns = Math.Max(1, (input.Spec.Limits.MaxTurns ?? TaskLimits.DefaultTurns) - record.Usage.Turns) + 1,
                    Time = Left(),
                    Hold = run.Hold,
                    Output = new LineStream(events.Take),
                }, cancellationToken).ConfigureAwait(false);
            }

            // Outside, so that a question that was being answered is on record.
            if (run.Stopped is { } stopped)
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(stopped);
            await EndedAsync(run, events, outcome!, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            workspace.MarkDirty();
            FolderRemoval.Remove(folder.FullName);
        }
    }

    /// <returns>Null: we ended it.</returns>
    private async Task<CommandOutcome?> RunAsync(string folder, QwenRun run, QwenStart start, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, run.Ending);
        try
        {
            if (!sandbox.IsElsewhere)
                return await sandbox.RunAsync(await QwenCommand.HereAsync(sandbox, installation, forwarder, folder, start, cancellationToken).ConfigureAwait(false), either.Token).ConfigureAwait(false);
            var tunnel = new QwenTunnel(QwenCommand.SocketIn(folder), QwenCommand.Opening(start), start.Output);
            await using var closing = tunnel.ConfigureAwait(false);
            return await sandbox.RunAsync(QwenCommand.Elsewhere(sandbox, installation, tunnel, start), either.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (run.Stopped is not null && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>The agent ended by itself: was it done?</summary>
    private async Task EndedAsync(QwenRun run, QwenStream events, CommandOutcome outcome, CancellationToken cancellationToken)
    {
        var (tree, refused) = await run.SnapshotAsync(cancellationToken).ConfigureAwait(false);
        await guard.KeepAsync(tree, cancellationToken).ConfigureAwait(false);
        if (_exit.FailureOf(outcome, events.End, asked: record.Iteration.OfType<AnswerEntry>().Any()) is { } failure)
        {
            // What its last tools did is kept, although it never told how they ended.
            if (tree != record.Tree || refused.Count > 0)
                await record.AppendAsync(run.Results(tree, refused), CancellationToken.None).ConfigureAwait(false);
            throw new FailureException(failure);
        }

        var unchanged = record.IsUnchanged(tree);
        var summary = events.End?.Text ?? record.Iteration.OfType<AnswerEntry>().LastOrDefault()?.Answer.Text ?? "";
        var written = !unchanged && (await record.NewMessagesAsync(cancellationToken).ConfigureAwait(false)).Count > 0;
        await record.AppendAsync(
            run.Results(tree, refused) with { Finished = unchanged || written ? null : redactor.Redact(summary), NothingChanged = unchanged },
            CancellationToken.None).ConfigureAwait(false);
    }

    private TimeSpan Left()
    {
        var most = TimeSpan.FromMinutes(input.Spec.Limits.MaxMinutes ?? TaskLimits.DefaultMinutes);
        var left = input.Deadline is { } deadline ? deadline - time.GetUtcNow().UtcDateTime : most;
        return left < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : left > TimeSpan.FromDays(20) ? TimeSpan.FromDays(20) : left;
    }
}
