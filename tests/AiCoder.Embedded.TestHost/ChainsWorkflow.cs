using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;

namespace AiCoder.Embedded.TestHost;

/// <summary>A main line, a chain beside it and a timer: the shape of a coding task, with nothing behind it.</summary>
public static class ChainsWorkflow
{
    /// <summary>Waits for the external event <c>cancel</c> and ends as cancelled, or goes through its calls.</summary>
    public static async Task<TaskResult> RunAsync(IWorkflowContext context, TaskSpec spec)
    {
        var cancelled = context.WaitForExternalEvent<CancelRequest>(WorkflowEvents.Cancel);
        var tail = Task.CompletedTask;
        var seen = new List<string>();
        for (var number = 1; number <= 3; number++)
        {
            context.SetCustomStatus(new TaskProgress { Status = TaskState.Coding, Progress = number });
            tail = NotifyAfterAsync(tail, number);
            var work = Task.WhenAll(
                context.CallActivityAsync<string>("Work", $"left{number}"), context.CallActivityAsync<string>("Work", $"right{number}"));
            if (await Task.WhenAny(work, cancelled) == cancelled)
                return new() { TaskId = spec.TaskId, Status = TaskState.Cancelled, Summary = (await cancelled).Reason };
            seen.AddRange(await work);
            await context.CreateTimer(TimeSpan.FromMilliseconds(5), CancellationToken.None);
        }

        await tail;
        return new() { TaskId = spec.TaskId, Status = TaskState.Completed, Summary = string.Join(' ', seen) };

        async Task NotifyAfterAsync(Task previous, int number)
        {
            await previous;
            await context.CallActivityAsync<string>("Work", $"notify{number}");
        }
    }
}
