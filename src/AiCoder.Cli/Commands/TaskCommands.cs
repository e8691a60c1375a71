using AiCoder.Core.Activities;
using System.Globalization;
using System.Text.Json;
using AiCoder.Cli.Tasks;
using AiCoder.Cli.Terminal;
using AiCoder.Core;
using AiCoder.Core.Agent;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Embedded;

namespace AiCoder.Cli.Commands;

/// <summary>The commands about tasks that are there already.</summary>
internal static class TaskCommands
{
    private const int LongestIntent = 60;
    private const int MostListed = 1000;

    public static Task<int> StatusAsync(CommandConsole console, string taskId, bool json, CancellationToken stop) =>
        WithHostAsync(console, async host =>
        {
            var task = await host.FindAsync(taskId, stop);
            if (json)
                console.Out.WriteLine(TaskReport.Json(task));
            else
                console.Out.Write(TaskReport.Text(task));
            return ExitCodes.Completed;
        });

    public static Task<int> ListAsync(CommandConsole console, bool json, CancellationToken stop) =>
        WithHostAsync(console, async host =>
        {
            var tasks = await host.Tasks.ListAsync(limit: MostListed, cancellationToken: stop);
            if (json)
            {
                console.Out.WriteLine(TaskReport.Json(tasks));
                return ExitCodes.Completed;
            }

            if (tasks.Count == 0)
                await console.Error.WriteLineAsync("There are no tasks.");
            var width = tasks.Select(task => task.TaskId.Length).DefaultIfEmpty().Max();
            foreach (var task in tasks)
            {
                var created = task.CreatedAt.LocalDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture);
                console.Out.WriteLine($"{task.TaskId.PadRight(width)}  {TaskReport.State(task),-18}  {created}  {TextLimit.Cut(ProgressText.OneLine(task.Spec.Intent), LongestIntent)}");
            }

            return ExitCodes.Completed;
        });

    public static Task<int> CancelAsync(CommandConsole console, string taskId, string? reason, CancellationToken stop) =>
        WithHostAsync(console, async host =>
        {
            var outcome = await host.Tasks.CancelAsync(taskId, reason, stop);
            return outcome switch
            {
                CancelOutcome.Requested => Say(console, $"Task {taskId} is being cancelled."),
                CancelOutcome.Cancelled => Say(console, $"Task {taskId} is cancelled."),
                CancelOutcome.AlreadyEnded => Say(console, $"Task {taskId} had ended already; 'aicoder status {taskId}' shows how.", ExitCodes.Failed),
                _ => throw TaskHost.NotFound(taskId),
            };
        });

    public static Task<int> ApproveAsync(CommandConsole console, string taskId, bool approved, string? comment, CancellationToken stop) =>
        WithHostAsync(console, async host =>
        {
            var task = await host.FindAsync(taskId, stop);
            if (task is { HasEnded: false, State: not TaskState.AwaitingApproval })
                return Say(console, $"Task {taskId} does not wait for approval: it is {TaskReport.State(task)}.", ExitCodes.Failed);
            return Sent(console, taskId, approved ? "approved" : "refused", await host.Tasks.ApproveAsync(taskId, approved, comment, stop));
        });

    public static Task<int> MessageAsync(CommandConsole console, string taskId, string text, CancellationToken stop) =>
        WithHostAsync(console, async host => Sent(console, taskId, "sent", await host.Tasks.SendMessageAsync(taskId, text, stop)));

    public static Task<int> DeleteAsync(CommandConsole console, string taskId, CancellationToken stop) =>
        WithHostAsync(console, async host => await host.Tasks.DeleteAsync(taskId, stop) switch
        {
            DeleteOutcome.Deleted => Say(console, $"Task {taskId} is deleted."),
            DeleteOutcome.Running => Say(console, $"Task {taskId} has not ended; 'aicoder cancel {taskId}' ends it.", ExitCodes.Failed),
            _ => throw TaskHost.NotFound(taskId),
        });

    public static Task<int> DiffAsync(CommandConsole console, string taskId, CancellationToken stop) =>
        WithHostAsync(console, async host =>
        {
            var task = await host.FindAsync(taskId, stop);
            if (host.Workspaces.Find(taskId) is not { } workspace)
                return Say(console, $"Task {taskId} keeps no changes: {Why(task)}", ExitCodes.Failed);
            var patch = await workspace.PatchAsync(null, stop);
            // A file takes it as it is; a terminal would obey what the files hold.
            console.Out.Write(CommandConsole.OutputIsTerminal ? ProgressText.Printable(patch) : patch);
            return ExitCodes.Completed;
        });

    public static Task<int> TranscriptAsync(CommandConsole console, string taskId, bool json, CancellationToken stop) =>
        WithHostAsync(console, async host =>
        {
            var task = await host.FindAsync(taskId, stop);
            if (host.Workspaces.Find(taskId)?.TranscriptPath is not { } path)
                return Say(console, $"Task {taskId} keeps no transcript: {Why(task)}", ExitCodes.Failed);
            foreach (var entry in await Transcript.ReadAsync(path, stop))
                console.Out.Write(json ? JsonSerializer.Serialize(entry, AiCoderJson.Options) + '\n' : TranscriptText.Of(entry));
            return ExitCodes.Completed;
        });

    private static string Why(TaskRecord task) => task.HasEnded
        ? "it ended before it had any, or its workspace was removed (RETENTION_DAYS)."
        : $"it is {TaskReport.State(task)}.";

    private static async Task<int> WithHostAsync(CommandConsole console, Func<TaskHost, Task<int>> command)
    {
        var options = EnvironmentReader.Read(console.Variable, callerIsOperator: true);
        await using var host = TaskHost.Open(options, console);
        return await command(host);
    }

    private static int Sent(CommandConsole console, string taskId, string what, SendOutcome outcome) => outcome switch
    {
        SendOutcome.Sent => Say(console, $"Task {taskId}: {what}."),
        SendOutcome.TooMany => Say(console, $"Task {taskId} was sent {TaskMessage.MostOfTask} of these, and takes no more; nothing was sent.", ExitCodes.Failed),
        SendOutcome.AlreadyEnded => Say(console, $"Task {taskId} has ended; nothing was sent.", ExitCodes.Failed),
        _ => throw TaskHost.NotFound(taskId),
    };

    private static int Say(CommandConsole console, string line, int exitCode = ExitCodes.Completed)
    {
        console.Error.WriteLine(line);
        return exitCode;
    }
}
