using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Embedded;
using Azure;
using Azure.Storage.Queues.Models;
using Microsoft.Extensions.Logging;

namespace AiCoder.Server.Queue;

/// <summary>
/// Takes tasks from the queue <see cref="QueueNames.Tasks"/> as long as this server has room for them. Several servers may read one
/// queue, each with a journal of its own: a task is started by one of them (docs/decisions/0012-queue-claims.md).
/// </summary>
public sealed class QueueIntake
{
    private const int LargestBatch = 32;

    // How long a message stays unseen after the server that took it is gone. A start takes a second or so.
    private static readonly TimeSpan Visibility = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopBound = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan PollRoom = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan BetweenPending = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan SweepEvery = TimeSpan.FromHours(1);

    // A message that is sent again comes within the queue's own time to live, seven days unless its sender asked for more.
    private static readonly TimeSpan ShortestKeep = TimeSpan.FromDays(7);

    private readonly AiCoderOptions _options;
    private readonly EmbeddedHost _host;
    private readonly QueueStorage _storage;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly TaskClaims _claims;
    private readonly MessageIntake _messages;
    private readonly HashSet<(string TaskId, string Code)> _open = [];
    private DateTimeOffset _swept;

    private QueueIntake(AiCoderOptions options, EmbeddedHost host, QueueStorage storage, string journal, TimeProvider time, ILoggerFactory loggers)
    {
        (_options, _host, _storage, _time, _logger) = (options, host, storage, time, loggers.CreateLogger<QueueIntake>());
        _claims = new TaskClaims(storage.Claims, journal, time);
        _messages = new MessageIntake(options, host, _claims, storage.Poison, _logger);
    }

    /// <summary>Reads nothing from the queue yet.</summary>
    /// <param name="options">The operator's.</param>
    /// <param name="host">Where the tasks run.</param>
    /// <param name="storage">The queues.</param>
    /// <param name="time">The clock of the waits.</param>
    /// <param name="loggers">What becomes of messages is said there.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<QueueIntake> CreateAsync(
        AiCoderOptions options, EmbeddedHost host, QueueStorage storage, TimeProvider time, ILoggerFactory loggers, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        return new(options, host, storage, await host.GetJournalIdAsync(cancellationToken), time, loggers);
    }

    /// <summary>
    /// Reads the queue until it is told to stop; what it has taken by then it deals with or gives back. No trouble of the queue or of the
    /// journal ends it.
    /// </summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var backoff = new PollBackoff(_time);
        var trouble = new TroubleLog(_logger);
        var isTroubled = false;
        using var giveUp = new CancellationTokenSource();
        await using var _ = stop.Register(() => giveUp.CancelAfter(StopBound));
        while (!stop.IsCancellationRequested)
        {
            try
            {
                // First what was left open: a message of such a task can't be dealt with before.
                await SettleAsync(stop);
                var (room, pace) = Room();
                if (room == 0)
                {
                    await Task.Delay(pace, _time, stop);
                    continue;
                }

                // While starts fail here, one message finds out whether they still do; the others do not use up their tries.
                QueueMessage[] received = await ReceiveAsync(isTroubled ? 1 : room, stop);
                trouble.IsOver();
                await SweepAsync(stop);
                if (received.Length == 0)
                {
                    await backoff.WaitAsync(stop);
                    continue;
                }

                var handled = await Task.WhenAll(received.Select(message => HandleAsync(message, giveUp.Token)));
                isTroubled = !handled.All(done => done);
                if (!isTroubled)
                {
                    backoff.Reset();
                    await Task.Delay(pace, _time, stop);
                }
                else
                {
                    await backoff.WaitAsync(stop);
                }
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                trouble.Is(StorageTrouble.From(exception));
                await backoff.WaitAsync(stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Forgets that a task was claimed, because it is being deleted: its id may be used again, on any server.</summary>
    public async Task ForgetAsync(string taskId, CancellationToken cancellationToken)
    {
        try
        {
            await _claims.RemoveAsync(taskId, cancellationToken);
        }
        catch (Exception exception) when (exception is RequestFailedException or AggregateException)
        {
            throw new Core.Failures.FailureException(StorageTrouble.From(exception), exception);
        }
    }

    private async Task SettleAsync(CancellationToken stop)
    {
        var settled = await _host.SettleAsync(async (task, cancel) => await _claims.ClaimAsync(task, cancel) == ClaimOutcome.Mine, stop);
        // It is tried again each time, and said once.
        var failures = settled.Open.Select(task => (task.TaskId, Failure: StorageTrouble.From(task.Reason))).ToList();
        foreach (var (taskId, failure) in failures.Where(one => !_open.Contains((one.TaskId, one.Failure.Code))))
            _logger.LogWarning("Task {TaskId} was left half taken in, and can't be settled yet: {Failure}", taskId, failure.ToString());
        _open.Clear();
        _open.UnionWith(failures.Select(one => (one.TaskId, one.Failure.Code)));
    }

    /// <summary>
    /// How many messages to take, and how long to wait after them. What can run at once is taken at once. Behind that as many may wait as
    /// run, so that none of the places is ever empty; they are taken one by one, because another server may have a free place.
    /// </summary>
    private (int Room, TimeSpan Pace) Room()
    {
        var (hosted, most) = (_host.HostedTasks, _options.MaxConcurrentTasks);
        return hosted < most ? (Math.Min(most - hosted, LargestBatch), TimeSpan.Zero)
            : hosted < 2 * most ? (1, BetweenPending)
            : (0, PollRoom);
    }

    private async Task<QueueMessage[]> ReceiveAsync(int count, CancellationToken cancellationToken)
    {
        try
        {
            return await _storage.Tasks.ReceiveMessagesAsync(count, Visibility, cancellationToken);
        }
        catch (RequestFailedException exception) when (exception.ErrorCode == QueueErrorCode.QueueNotFound)
        {
            await _storage.Tasks.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
            return [];
        }
    }

    private async Task<bool> HandleAsync(QueueMessage received, CancellationToken cancellationToken)
    {
        await using var message = new TakenMessage(_storage.Tasks, received, _time, _logger, Visibility);
        return await _messages.HandleAsync(message, cancellationToken);
    }

    private async Task SweepAsync(CancellationToken cancellationToken)
    {
        if (_time.GetUtcNow() < _swept + SweepEvery)
            return;
        _swept = _time.GetUtcNow();
        var keep = TimeSpan.FromDays(_options.RetentionDays);
        try
        {
            await _claims.SweepAsync(keep > ShortestKeep ? keep : ShortestKeep, _host.GetAsync, cancellationToken);
        }
        catch (Exception exception) when (exception is RequestFailedException or AggregateException)
        {
            _logger.LogDebug("Old claims could not be removed: {Failure}", StorageTrouble.From(exception).ToString());
        }
    }
}
