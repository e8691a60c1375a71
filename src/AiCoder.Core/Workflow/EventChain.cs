using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Core.Telemetry;

namespace AiCoder.Core.Workflow;

/// <summary>
/// Delivers a task's events in order, beside the task and without ever holding it up: each delivery awaits the one before,
/// tries with workflow timers in between, and never throws.
/// </summary>
internal sealed class EventChain(IWorkflowContext context, string? webhookUrl)
{
    // After the task's end retries go on for this long; then what is left is tried once more each, and given up.
    private static readonly TimeSpan EndBound = TimeSpan.FromSeconds(30);

    private readonly TaskCompletionSource _hurry = new();
    private readonly List<UndeliveredEvent> _undelivered = [];
    private Task _tail = Task.CompletedTask;
    private bool _receiverGone;

    /// <summary>Events that were given up.</summary>
    public IReadOnlyList<UndeliveredEvent> Undelivered => _undelivered;

    /// <summary>Puts an event at the end of the chain.</summary>
    public void Send(TaskEvent taskEvent, int sequence) => _tail = DeliverAfterAsync(_tail, taskEvent, sequence);

    /// <summary>Awaits the last delivery, within the bound.</summary>
    public async Task DrainAsync()
    {
        using var bound = new CancellationTokenSource();
        await Task.WhenAny(_tail, context.CreateTimer(EndBound, bound.Token));
        bound.Cancel();
        _hurry.TrySetResult();
        await _tail;
    }

    private async Task DeliverAfterAsync(Task previous, TaskEvent taskEvent, int sequence)
    {
        await previous;
        var status = AiCoderJson.NameOf(taskEvent.Status);
        if (_receiverGone)
        {
            _undelivered.Add(new(sequence, status, "The receiver answered 410 Gone and wants no more events."));
            // Who asks for the task's events wants all of them.
            await TryAsync(new NotifyInput(webhookUrl, taskEvent, 1, Deliver: false));
            return;
        }

        for (var attempt = 1; ; attempt++)
        {
            var failure = await TryAsync(new NotifyInput(webhookUrl, taskEvent, attempt));
            if (failure is null)
                return;

            var delay = RetryTable.NextDelay(ActivityNames.Notify, failure, attempt, $"{context.InstanceId}/{sequence}");
            if (delay is null || _hurry.Task.IsCompleted || !await PauseAsync(delay.Value))
            {
                _undelivered.Add(new(sequence, status, failure.ToString()));
                return;
            }

            if (!context.IsReplaying)
                TaskMetrics.Retried(ActivityNames.Notify, failure);
        }
    }

    private async Task<Failure?> TryAsync(NotifyInput input)
    {
        try
        {
            var outcome = await context.CallActivityAsync<Outcome<NotifyOutput>>(ActivityNames.Notify, input);
            _receiverGone |= outcome.Value?.Stop ?? false;
            return outcome.Value is null
                ? outcome.Failure ?? Failure.Of(FailureCodes.Unhandled, "The delivery was cancelled.")
                : null;
        }
        catch (Exception exception)
        {
            return FailureMapping.From(exception);
        }
    }

    /// <summary>False where the task has ended meanwhile and its bound is used up.</summary>
    private async Task<bool> PauseAsync(TimeSpan delay)
    {
        using var cancel = new CancellationTokenSource();
        var timer = context.CreateTimer(delay, cancel.Token);
        if (await Task.WhenAny(timer, _hurry.Task) == timer)
            return true;
        cancel.Cancel();
        return false;
    }
}
