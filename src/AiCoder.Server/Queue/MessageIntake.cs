using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Embedded;
using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging;

namespace AiCoder.Server.Queue;

/// <summary>Decides what becomes of one message: a task, a duplicate, poison, or another try.</summary>
internal sealed class MessageIntake(AiCoderOptions options, EmbeddedHost host, TaskClaims claims, QueueClient poison, ILogger logger)
{
    private static readonly TimeSpan FirstReturn = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestReturn = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Forever = TimeSpan.FromSeconds(-1);

    private readonly SecretFingerprint _fingerprint = new(options);
    private readonly SecretRedactor _redactor = new(options.Secrets);

    /// <summary>False where the message stays in the queue because of trouble of our own. Throws only when it is to stop.</summary>
    public async Task<bool> HandleAsync(TakenMessage message, CancellationToken cancellationToken)
    {
        try
        {
            // Handling it may have ended this process each time, so it is not even looked at.
            if (message.Dequeues > QueueNames.MostDequeues)
                await PoisonAsync(message, $"it was taken {message.Dequeues - 1} times and never dealt with", cancellationToken);
            else
                await TakeInAsync(message, cancellationToken);
            return true;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await message.ReturnAsync(TimeSpan.Zero, CancellationToken.None);
            throw;
        }
        catch (Exception exception)
        {
            await TroubleAsync(message, exception, cancellationToken);
            return false;
        }
    }

    private async Task TakeInAsync(TakenMessage message, CancellationToken cancellationToken)
    {
        AcceptedTask task;
        try
        {
            task = QueuedRequest.Accept(message.Text, message.Id, options);
        }
        catch (TaskRequestException exception)
        {
            await PoisonAsync(message, string.Join(' ', exception.Problems.Select(problem => problem.Message)), cancellationToken);
            return;
        }

        var taskId = task.Spec.TaskId;
        var elsewhere = ClaimOutcome.Mine;
        var outcome = await host.StartAsync(
            task,
            TaskIdentity.Of(task, _fingerprint),
            async stop => (elsewhere = await claims.ClaimAsync(task, stop)) == ClaimOutcome.Mine,
            cancellationToken);
        if (outcome?.Kind == StartKind.Conflict)
        {
            await PoisonAsync(message, $"task {taskId} exists with another request; what differs: {string.Join(", ", outcome.Differences)}", cancellationToken);
            return;
        }

        if (elsewhere == ClaimOutcome.OtherElsewhere)
        {
            await PoisonAsync(message, $"task {taskId} exists with another request on another server", cancellationToken);
            return;
        }

        // From here on the task is safe, here or elsewhere.
        await message.DeleteAsync(cancellationToken);
        if (outcome?.Kind == StartKind.Started)
            logger.LogInformation("Task {TaskId} was taken from the queue", taskId);
        else
            logger.LogInformation("Task {TaskId} is {Where} already; its message was removed", taskId, outcome is null ? "on another server" : "here");
    }

    private async Task TroubleAsync(TakenMessage message, Exception exception, CancellationToken cancellationToken)
    {
        var failure = StorageTrouble.From(exception);
        if (failure.Code == FailureCodes.Unhandled)
            logger.LogError(exception, "Message {MessageId} could not be dealt with", message.Id);
        if (message.Dequeues >= QueueNames.MostDequeues)
        {
            try
            {
                await PoisonAsync(message, $"it was taken {message.Dequeues} times and could not be dealt with. {failure}", cancellationToken);
                return;
            }
            catch (Exception again) when (!cancellationToken.IsCancellationRequested)
            {
                failure = StorageTrouble.From(again);
            }
        }

        var after = FirstReturn * Math.Pow(3, Math.Min(message.Dequeues - 1, 10));
        after = after < LongestReturn ? after : LongestReturn;
        logger.LogWarning("Message {MessageId} can't be taken now and comes again in {Seconds} s: {Failure}", message.Id, after.TotalSeconds, _redactor.RedactLine(failure.ToString()));
        await message.ReturnAsync(after, cancellationToken);
    }

    private async Task PoisonAsync(TakenMessage message, string reason, CancellationToken cancellationToken)
    {
        // The copy first: a kill in between makes a second one, and loses nothing. A queue that somebody must look at forgets nothing.
        try
        {
            await poison.SendMessageAsync(message.Text, timeToLive: Forever, cancellationToken: cancellationToken);
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == QueueErrorCode.QueueNotFound)
        {
            await poison.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
            await poison.SendMessageAsync(message.Text, timeToLive: Forever, cancellationToken: cancellationToken);
        }

        await message.DeleteAsync(cancellationToken);
        logger.LogWarning("Message {MessageId} was moved to {Queue}: {Reason}", message.Id, QueueNames.Poison, _redactor.RedactLine(reason));
    }
}
