using AiCoder.Core.Activities;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace AiCoder.Functions.Tasks;

/// <summary>Cancel and messages of one task, for one activity that runs: looks into its mailbox twice a second.</summary>
internal sealed class MailboxSignals : ITaskSignals, IAsyncDisposable
{
    // Together with the queue polling of host.json this keeps "within two seconds" with room to spare.
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(500);

    private readonly DurableTaskClient _client;
    private readonly string _mailbox;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _cancelled = new();
    private readonly CancellationTokenSource _done = new();
    private readonly Task _watching;

    /// <param name="client">The task hub.</param>
    /// <param name="mailbox">Whose it is: the id of the task's start.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Told once when the mailbox can't be read.</param>
    /// <param name="watch">Whether a cancel is of interest.</param>
    public MailboxSignals(DurableTaskClient client, string mailbox, TimeProvider time, ILogger logger, bool watch)
    {
        (_client, _mailbox, _time, _logger) = (client, mailbox, time, logger);
        _watching = watch ? WatchAsync() : Task.CompletedTask;
    }

    public CancellationToken Cancelled => _cancelled.Token;

    public async Task<IReadOnlyList<TaskMessage>> ReadMessagesAsync(long after, CancellationToken cancellationToken)
    {
        var mailbox = await ReadAsync(cancellationToken);
        return [.. mailbox.Messages.Where(message => message.Number > after)];
    }

    public async ValueTask DisposeAsync()
    {
        await _done.CancelAsync();
        await _watching;
        _done.Dispose();
        // Not the other one: an activity that is slow to end may still look at its token.
    }

    private async Task<MailboxState> ReadAsync(CancellationToken cancellationToken)
    {
        var mailbox = await _client.Entities.GetEntityAsync<MailboxState>(TaskMailbox.IdOf(_mailbox), cancellationToken);
        return mailbox is not null && mailbox.IncludesState ? mailbox.State : new MailboxState();
    }

    private async Task WatchAsync()
    {
        var said = false;
        try
        {
            while (true)
            {
                try
                {
                    if ((await ReadAsync(_done.Token)).Cancelled)
                    {
                        await _cancelled.CancelAsync();
                        return;
                    }
                }
                catch (Exception exception) when (!_done.IsCancellationRequested)
                {
                    if (!said)
                        _logger.LogWarning("The mailbox {Mailbox} can't be read: {Message}", _mailbox, exception.Message);
                    said = true;
                }

                await Task.Delay(PollEvery, _time, _done.Token);
            }
        }
        catch (Exception) when (_done.IsCancellationRequested)
        {
            // The activity has ended.
        }
    }
}
