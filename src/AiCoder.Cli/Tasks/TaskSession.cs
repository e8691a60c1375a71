using System.Text.Json;
using AiCoder.Cli.Terminal;
using AiCoder.Core;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Embedded;

namespace AiCoder.Cli.Tasks;

/// <summary>How a session with one task ended.</summary>
/// <param name="ExitCode">One of <see cref="ExitCodes"/>.</param>
/// <param name="Result">The result that was printed; null where the session was interrupted.</param>
internal sealed record SessionEnd(int ExitCode, TaskResult? Result = null);

/// <summary>Runs one task in this process, shows its progress and prints its result.</summary>
internal sealed class TaskSession(TaskHost host, CommandConsole console, Interruption interruption)
{
    private static readonly TimeSpan SweepBound = TimeSpan.FromSeconds(10);

    /// <summary>Whether a task that is interrupted can be gone on with, because its state outlives this process.</summary>
    public bool Resumable { get; init; } = true;

    /// <summary>Starts a task, or goes on with the same one, and stays until its end.</summary>
    /// <exception cref="FailureException">The id belongs to another task; says what differs.</exception>
    public Task<SessionEnd> RunAsync(AcceptedTask accepted) => FollowAsync(accepted.Spec.TaskId, async view =>
    {
        if (await host.Tasks.GetAsync(accepted.Spec.TaskId, interruption.Requested) is not { HasEnded: true })
            host.OpenSandbox();
        var outcome = await host.Tasks.StartAsync(
            accepted.Spec, accepted.Secrets, accepted.Fingerprint, host.FingerprintOf(accepted), interruption.Requested);
        if (outcome.Kind == StartKind.Conflict)
        {
            throw new FailureException(
                FailureCodes.Configuration,
                $"Task {accepted.Spec.TaskId} exists with another request; what differs: {string.Join(", ", outcome.Differences)}. "
                + "Give this one another task_id, or send the same request to go on with it.");
        }

        if (outcome.Kind == StartKind.Same)
            SayWhereItRuns(view, await host.Tasks.ResumeAsync(accepted.Spec.TaskId, interruption.Requested));
    });

    /// <summary>Goes on with a task that is there, and stays until its end.</summary>
    /// <exception cref="FailureException">There is none, or more than one where no id was given.</exception>
    public async Task<SessionEnd> ResumeAsync(string? taskId)
    {
        var id = taskId ?? await OnlyUnfinishedAsync();
        return await FollowAsync(id, async view =>
        {
            if (await host.Tasks.GetAsync(id, interruption.Requested) is { HasEnded: false })
                host.OpenSandbox();
            var outcome = await host.Tasks.ResumeAsync(id, interruption.Requested);
            if (outcome.Kind == ResumeKind.NotFound)
                throw TaskHost.NotFound(id);
            SayWhereItRuns(view, outcome);
        });
    }

    private async Task<string> OnlyUnfinishedAsync()
    {
        var tasks = await host.Tasks.ListAsync(cancellationToken: interruption.Requested);
        var unfinished = tasks.Where(task => task is { HasEnded: false, RunBy: null }).ToList();
        return unfinished switch
        {
            [var only] => only.TaskId,
            [] => throw new FailureException(FailureCodes.Configuration, "There is no unfinished task to resume; 'aicoder list' shows all."),
            _ => throw new FailureException(
                FailureCodes.Configuration,
                $"{unfinished.Count} tasks are unfinished; name one of them: {string.Join(", ", unfinished.Select(task => task.TaskId))}."),
        };
    }

    private static void SayWhereItRuns(IProgressView view, ResumeOutcome outcome)
    {
        if (outcome.Kind == ResumeKind.Ended)
            view.Note($"Task {outcome.Task!.TaskId} has ended; this is its result.");
        else if (outcome.Kind == ResumeKind.RunningElsewhere)
            view.Note($"Task {outcome.Task!.TaskId} is being run by {outcome.Task.RunBy}; waiting for its result.");
    }

    private async Task<SessionEnd> FollowAsync(string taskId, Func<IProgressView, Task> begin)
    {
        try
        {
            TaskResult result;
            await using (var view = Progress.View(console))
            {
                var subscription = host.Tasks.Subscribe(taskId);
                var showing = Progress.PumpAsync(subscription.Reader, view);
                try
                {
                    await begin(view);
                    result = await ResultAsync(taskId);
                }
                finally
                {
                    subscription.Dispose();
                    await showing;
                }
            }

            Print(result);
            await SweepAsync();
            return new(result.Status == TaskState.Completed ? ExitCodes.Completed : ExitCodes.Failed, result);
        }
        catch (OperationCanceledException) when (interruption.Requested.IsCancellationRequested)
        {
            await host.StopAsync(Interruption.Bound);
            if (Resumable && await IsUnfinishedAsync(taskId))
                await console.Error.WriteLineAsync($"Interrupted. To go on: aicoder resume {taskId}");
            return new(ExitCodes.Interrupted);
        }
    }

    /// <summary>Waits for the end, and takes the task over where the process that ran it is gone.</summary>
    private async Task<TaskResult> ResultAsync(string taskId)
    {
        while (true)
        {
            var task = await host.Tasks.WaitAsync(taskId, interruption.Requested) ?? throw TaskHost.NotFound(taskId);
            if (task.Result is { } result)
                return result;
            await host.Tasks.ResumeAsync(taskId, interruption.Requested);
        }
    }

    private async Task<bool> IsUnfinishedAsync(string taskId) => await host.Tasks.GetAsync(taskId) is { HasEnded: false };

    private void Print(TaskResult result)
    {
        console.Out.WriteLine(JsonSerializer.Serialize(result, AiCoderJson.Indented));
        console.Error.WriteLine(result switch
        {
            { Status: TaskState.Completed, PullRequest.Url: { } url } => $"completed: {result.CommitHash} on {result.Branch}, {url}",
            { Status: TaskState.Completed } => $"completed: {result.CommitHash} on {result.Branch}",
            { Error: { } error } => ProgressText.Printable($"{ProgressText.Of(result.Status)}: {error}"),
            _ => ProgressText.Of(result.Status),
        });
        // Who reads only the last lines should not take this for more than it is.
        foreach (var remark in Remarks(result))
            console.Error.WriteLine(ProgressText.Printable($"note: {remark}"));
    }

    private static IEnumerable<string> Remarks(TaskResult result)
    {
        if (result is { Status: TaskState.Completed, TestResults: { Verdict: Verdict.NotRun } tests })
            yield return $"nothing was tested: {tests.Reason}";
        if (result.PullRequest?.Error is { } refused)
            yield return $"the branch is pushed, but no pull request was opened: {refused}";
        if (result.UndeliveredEvents.Count > 0)
            yield return $"{result.UndeliveredEvents.Count} events could not be delivered to the webhook, the first because: {result.UndeliveredEvents[0].Reason}";
    }

    /// <summary>Takes away what old tasks left; the next one goes on where this one runs out of time.</summary>
    private async Task SweepAsync()
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(interruption.Requested);
        bound.CancelAfter(SweepBound);
        try
        {
            await host.Tasks.SweepAsync(bound.Token);
            host.Workspaces.EmptyTrash(bound.Token);
        }
        catch (Exception exception) when (exception is OperationCanceledException or FailureException or IOException or UnauthorizedAccessException)
        {
            if (exception is not OperationCanceledException)
                await console.Error.WriteLineAsync($"Old workspaces could not be removed: {exception.Message}");
        }
    }
}
