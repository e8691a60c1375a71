using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Core.Secrets;
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
public sealed class QueueFunctions(DurableTasks tasks, AiCoderOptions options, ILogger<QueueFunctions> logger)
{
    /// <returns>The message where it can never be taken, for the poison queue; else null.</returns>
    [Function("StartTaskFromQueue")]
    [QueueOutput(QueueNames.Poison)]
    public Task<string?> RunAsync(
        [QueueTrigger(QueueNames.Tasks)] string message, FunctionContext context, [DurableClient] DurableTaskClient client, CancellationToken stop) =>
        TakeAsync(message, MessageId(context), client, stop);

    internal async Task<string?> TakeAsync(string message, string messageId, DurableTaskClient client, CancellationToken stop)
    {
        try
        {
            var accepted = QueuedRequest.Accept(message, messageId, options);
            var outcome = await tasks.HostOn(client).StartAsync(accepted, stop);
            if (outcome.Kind != StartKind.Conflict)
                return null;
            logger.LogError("A message for task {TaskId} goes to {Queue}: the id has another task; what differs: {Differences}", accepted.Spec.TaskId, QueueNames.Poison, string.Join(", ", outcome.Differences));
        }
        catch (TaskRequestException exception)
        {
            logger.LogError("A message goes to {Queue}: {Problems}", QueueNames.Poison, new SecretRedactor(options.Secrets).RedactLine(exception.Message));
        }

        return message;
    }

    // The host hands the message's properties over as JSON.
    private static string MessageId(FunctionContext context) =>
        context.BindingContext.BindingData.TryGetValue("Id", out var id) && id?.ToString()?.Trim('"') is { Length: > 0 } text
            ? text
            : throw new InvalidOperationException("The queue trigger did not say the message's id.");
}
