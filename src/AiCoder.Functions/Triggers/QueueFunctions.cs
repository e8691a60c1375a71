using AiCoder.Core.Api;
using AiCoder.Core.Tasks;
using AiCoder.Functions.Tasks;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace AiCoder.Functions.Triggers;

/// <summary>
/// Starts tasks from the queue, and does nothing else: the message is gone when its instance is in the task hub. Trouble of ours is
/// thrown, and the message comes again (host.json says how often).
/// </summary>
public sealed class QueueFunctions(DurableTasks tasks, ILogger<QueueFunctions> logger)
{
    /// <returns>The message where it can never be taken, for the poison queue; else null.</returns>
    [Function("StartTaskFromQueue")]
    [QueueOutput(QueueMessage.PoisonQueue)]
    public async Task<string?> RunAsync([QueueTrigger(QueueMessage.Queue)] string message, [DurableClient] DurableTaskClient client, CancellationToken stop)
    {
        try
        {
            var accepted = tasks.ApiOn(client).Accept(QueueMessage.Decode(message), traceParent: null);
            var outcome = await tasks.HostOn(client).StartAsync(accepted, stop);
            if (outcome.Kind != StartKind.Conflict)
                return null;
            logger.LogError("A message for task {TaskId} goes to {Queue}: the id has another task; what differs: {Differences}", accepted.Spec.TaskId, QueueMessage.PoisonQueue, string.Join(", ", outcome.Differences));
        }
        catch (TaskRequestException exception)
        {
            logger.LogError("A message goes to {Queue}: {Problems}", QueueMessage.PoisonQueue, exception.Message);
        }

        return message;
    }
}
