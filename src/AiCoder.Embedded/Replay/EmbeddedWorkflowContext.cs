using System.Globalization;
using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Failures;
using AiCoder.Core.Workflow;
using AiCoder.Embedded.Journal;

namespace AiCoder.Embedded.Replay;

/// <summary>What a workflow on the embedded host sees. Every member may be used by workflow code only.</summary>
internal sealed class EmbeddedWorkflowContext(string instanceId, WorkflowPump pump) : IWorkflowContext
{
    /// <summary>Durable Functions' bound, kept here so that a workflow that runs on one host runs on the other.</summary>
    public const int MaxCustomStatus = 8192;

    private readonly SortedDictionary<int, PendingStep> _pending = [];
    private readonly Dictionary<string, EventQueue> _events = [];
    private readonly List<WorkflowStep> _asked = [];
    private int _steps;

    public string InstanceId => instanceId;

    public DateTime CurrentUtcDateTime { get; private set; }

    public bool IsReplaying { get; private set; }

    /// <summary>The last custom status, as JSON.</summary>
    public string? CustomStatus { get; private set; }

    /// <summary>A use of the context that no history can hold.</summary>
    public NotDeterministicException? Violation { get; private set; }

    /// <summary>Steps that were asked for and have not come to their end, in order.</summary>
    public IReadOnlyCollection<WorkflowStep> Outstanding => [.. _pending.Values.Select(pending => pending.Step)];

    /// <summary>Whether a step was asked for and has not come to its end.</summary>
    public bool IsOutstanding(int step) => _pending.ContainsKey(step);

    /// <summary>Whether anything could make the workflow go on.</summary>
    public bool IsWaiting => _pending.Count > 0 || _events.Values.Any(queue => queue.HasWaiters);

    /// <summary>Runs workflow code as of a time, and returns what it asked for.</summary>
    public IReadOnlyList<WorkflowStep> Turn(DateTime now, bool replaying, Action action)
    {
        (CurrentUtcDateTime, IsReplaying) = (now, replaying);
        pump.Run(action);
        WorkflowStep[] asked = [.. _asked];
        _asked.Clear();
        return asked;
    }

    /// <summary>Hands an event to whoever waits for it.</summary>
    public void Apply(HistoryEvent incoming)
    {
        if (incoming.Kind == HistoryEventKind.EventReceived)
        {
            Queue(incoming.Name!).Add(incoming.Payload);
            return;
        }

        var expected = incoming.Kind == HistoryEventKind.TimerFired ? HistoryEventKind.TimerScheduled : HistoryEventKind.ActivityScheduled;
        if (!_pending.TryGetValue(incoming.Step ?? 0, out var pending) || pending.Step.Kind != expected)
            throw new NotDeterministicException($"Recorded as event {incoming.Sequence} is {WorkflowStep.Describe(incoming)}; the workflow asked for no such step, or it had come to its end.");
        _pending.Remove(pending.Step.Step);
        pending.Complete(incoming);
    }

    public Task<TResult> CallActivityAsync<TResult>(string name, object? input)
    {
        RequireWorkflowThread();
        ArgumentException.ThrowIfNullOrEmpty(name);
        var payload = input is null ? "null" : JsonSerializer.Serialize(input, input.GetType(), AiCoderJson.Options);
        if (PayloadBound.Check($"The input of the activity {name}", payload) is { } tooLarge)
            throw new FailureException(tooLarge);

        var completion = new TaskCompletionSource<TResult>();
        Ask(HistoryEventKind.ActivityScheduled, name, payload, incoming =>
        {
            if (incoming.Kind == HistoryEventKind.ActivityFailed)
                completion.SetException(new FailureException(Deserialize<Failure>(incoming.Payload)!));
            else if (TryDeserialize<TResult>(incoming.Payload, out var result, out var exception))
                completion.SetResult(result!);
            else
                completion.SetException(exception!);
        });
        return completion.Task;
    }

    public Task CreateTimer(TimeSpan delay, CancellationToken cancellationToken)
    {
        RequireWorkflowThread();
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled(cancellationToken);

        var completion = new TaskCompletionSource();
        var registration = default(CancellationTokenRegistration);
        var fireAt = HistoryTable.ToMilliseconds(CurrentUtcDateTime + (delay > TimeSpan.Zero ? delay : TimeSpan.Zero));
        var step = Ask(HistoryEventKind.TimerScheduled, null, fireAt.ToString(CultureInfo.InvariantCulture), _ =>
        {
            registration.Dispose();
            completion.SetResult();
        });
        registration = cancellationToken.Register(() =>
        {
            RequireWorkflowThread();
            if (!_pending.Remove(step))
                return;
            _asked.Add(new WorkflowStep(HistoryEventKind.TimerCancelled, step, null, null));
            completion.SetCanceled(cancellationToken);
        });
        return completion.Task;
    }

    public Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default)
    {
        RequireWorkflowThread();
        if (cancellationToken.IsCancellationRequested)
            return Task.FromCanceled<T>(cancellationToken);

        var queue = Queue(eventName);
        var completion = new TaskCompletionSource<T>();
        var registration = default(CancellationTokenRegistration);
        var waiter = queue.Wait(payload =>
        {
            registration.Dispose();
            if (TryDeserialize<T>(payload, out var value, out var exception))
                completion.SetResult(value!);
            else
                completion.SetException(exception!);
        });
        if (waiter is not null)
        {
            registration = cancellationToken.Register(() =>
            {
                RequireWorkflowThread();
                if (queue.Forget(waiter))
                    completion.SetCanceled(cancellationToken);
            });
        }

        return completion.Task;
    }

    public void SetCustomStatus(object? customStatus)
    {
        RequireWorkflowThread();
        var json = customStatus is null ? null : JsonSerializer.Serialize(customStatus, customStatus.GetType(), AiCoderJson.Options);
        if (json?.Length > MaxCustomStatus)
            throw new ArgumentException($"A custom status may have {MaxCustomStatus} characters as JSON; this one has {json.Length}.", nameof(customStatus));
        CustomStatus = json;
    }

    private int Ask(HistoryEventKind kind, string? name, string payload, Action<HistoryEvent> complete)
    {
        var step = new WorkflowStep(kind, ++_steps, name, payload);
        _asked.Add(step);
        _pending.Add(step.Step, new PendingStep(step, complete));
        return step.Step;
    }

    private EventQueue Queue(string name)
    {
        if (!_events.TryGetValue(name, out var queue))
            _events.Add(name, queue = new EventQueue());
        return queue;
    }

    private void RequireWorkflowThread()
    {
        if (pump.IsCurrent)
            return;
        // Kept besides being thrown, because workflow code may catch what is thrown into it.
        Violation ??= new NotDeterministicException("Its context was used outside the workflow's thread.");
        throw Violation;
    }

    private static bool TryDeserialize<T>(string? payload, out T? value, out Exception? exception)
    {
        try
        {
            value = Deserialize<T>(payload);
            exception = null;
            return true;
        }
        catch (Exception failed) when (failed is JsonException or NotSupportedException)
        {
            value = default;
            exception = failed;
            return false;
        }
    }

    // An event or answer without a payload is the type's default, whatever the type.
    private static T? Deserialize<T>(string? payload) =>
        payload is null or "null" ? default : JsonSerializer.Deserialize<T>(payload, AiCoderJson.Options);

    private sealed record PendingStep(WorkflowStep Step, Action<HistoryEvent> Complete);

    /// <summary>The events of one name that nobody has waited for yet, or those who wait; never both.</summary>
    private sealed class EventQueue
    {
        private readonly Queue<string?> _arrived = [];
        private readonly LinkedList<Action<string?>> _waiters = [];

        public bool HasWaiters => _waiters.Count > 0;

        public void Add(string? payload)
        {
            if (_waiters.First is { } waiter)
            {
                _waiters.RemoveFirst();
                waiter.Value(payload);
            }
            else
            {
                _arrived.Enqueue(payload);
            }
        }

        /// <summary>Hands over the oldest event at once, and returns null; or keeps the waiter.</summary>
        public LinkedListNode<Action<string?>>? Wait(Action<string?> waiter)
        {
            if (!_arrived.TryDequeue(out var payload))
                return _waiters.AddLast(waiter);
            waiter(payload);
            return null;
        }

        public bool Forget(LinkedListNode<Action<string?>> waiter)
        {
            if (waiter.List is null)
                return false;
            _waiters.Remove(waiter);
            return true;
        }
    }
}
