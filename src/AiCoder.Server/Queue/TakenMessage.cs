using Azure;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging;

namespace AiCoder.Server.Queue;

/// <summary>
/// A message that this server has taken: nobody else sees it for a while, which is renewed until it is decided what becomes of it.
/// </summary>
internal sealed class TakenMessage : IAsyncDisposable
{
    private readonly QueueClient _queue;
    private readonly QueueMessage _message;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _decided = new();
    private readonly Task _renewing;
    private string _receipt;

    /// <param name="queue">Where it was taken from.</param>
    /// <param name="message">It.</param>
    /// <param name="time">The clock of the renewals.</param>
    /// <param name="logger">For what could not be done, in detail.</param>
    /// <param name="visibility">For how long it was taken, and is taken again each time; whole seconds.</param>
    public TakenMessage(QueueClient queue, QueueMessage message, TimeProvider time, ILogger logger, TimeSpan visibility)
    {
        (_queue, _message, _logger, _receipt) = (queue, message, logger, message.PopReceipt);
        _renewing = Task.Run(() => RenewAsync(time, visibility));
    }

    public string Id => _message.MessageId;

    /// <summary>As it stands in the queue.</summary>
    public string Text => _message.MessageText;

    /// <summary>How often it was taken, this time counted.</summary>
    public long Dequeues => _message.DequeueCount;

    /// <summary>Removes it from the queue. Where another server has it by now, that one finds out what is left to do.</summary>
    public async Task DeleteAsync(CancellationToken cancellationToken)
    {
        await StopRenewingAsync();
        try
        {
            await _queue.DeleteMessageAsync(Id, _receipt, cancellationToken);
        }
        catch (RequestFailedException exception) when (exception.Status == 404)
        {
            _logger.LogDebug("Message {MessageId} is not this server's any more", Id);
        }
    }

    /// <summary>Lets it be seen again after a while.</summary>
    public async Task ReturnAsync(TimeSpan after, CancellationToken cancellationToken)
    {
        await StopRenewingAsync();
        try
        {
            await _queue.UpdateMessageAsync(Id, _receipt, visibilityTimeout: after, cancellationToken: cancellationToken);
        }
        catch (Exception exception) when (exception is RequestFailedException or AggregateException or OperationCanceledException)
        {
            // Then it is seen again when its time is over.
            _logger.LogDebug("Message {MessageId} could not be given back: {Failure}", Id, StorageTrouble.From(exception).ToString());
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopRenewingAsync();
        _decided.Dispose();
    }

    private async Task StopRenewingAsync()
    {
        await _decided.CancelAsync();
        await _renewing;
    }

    private async Task RenewAsync(TimeProvider time, TimeSpan visibility)
    {
        try
        {
            while (true)
            {
                await Task.Delay(visibility / 3, time, _decided.Token);
                try
                {
                    // Not given up half way: a receipt that did not come back could not be used to delete the message.
                    UpdateReceipt receipt = await _queue.UpdateMessageAsync(Id, _receipt, visibilityTimeout: visibility, cancellationToken: CancellationToken.None);
                    _receipt = receipt.PopReceipt;
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    _logger.LogDebug("Message {MessageId} could not be held: {Failure}", Id, StorageTrouble.From(exception).ToString());
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It is decided what becomes of the message.
        }
    }
}
