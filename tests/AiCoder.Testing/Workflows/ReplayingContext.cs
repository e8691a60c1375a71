using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;

namespace AiCoder.Testing.Workflows;

/// <summary>One replay of the workflow over a history.</summary>
internal sealed class ReplayingContext(TaskSpec spec, DateTime start) : SynchronizationContext, IWorkflowContext
{
    private readonly Queue<(SendOrPostCallback Callback, object? State)> _ready = [];
    private readonly Dictionary<int, Action<JsonElement>> _waiting = [];
    private readonly Dictionary<string, Queue<JsonElement>> _buffered = [];
    private readonly Dictionary<string, List<Func<JsonElement, bool>>> _listeners = [];

    public List<Command> Commands { get; } = [];

    public HashSet<int> Cancelled { get; } = [];

    public List<TaskProgress> Statuses { get; } = [];

    public TaskResult? Result { get; private set; }

    public string InstanceId => spec.TaskId;

    public DateTime CurrentUtcDateTime { get; private set; } = start;

    public bool IsReplaying { get; private set; } = true;

    public void Run(Func<IWorkflowContext, TaskSpec, Task<TaskResult>> code, IReadOnlyList<Event> history)
    {
        var before = Current;
        SetSynchronizationContext(this);
        try
        {
            var workflow = code(this, spec);
            Pump();
            for (var i = 0; i < history.Count; i++)
            {
                IsReplaying = i < history.Count - 1;
                CurrentUtcDateTime = history[i].At;
                Apply(history[i]);
                Pump();
            }

            if (workflow.IsCompleted)
                Result = workflow.GetAwaiter().GetResult();
        }
        finally
        {
            SetSynchronizationContext(before);
        }
    }

    public override void Post(SendOrPostCallback d, object? state) => _ready.Enqueue((d, state));

    public Task<TResult> CallActivityAsync<TResult>(string name, object? input)
    {
        var source = new TaskCompletionSource<TResult>();
        var command = Add(name, JsonSerializer.SerializeToElement(input, AiCoderJson.Options), null);
        _waiting[command.Id] = payload => source.SetResult(payload.Deserialize<TResult>(AiCoderJson.Options)!);
        return source.Task;
    }

    public Task CreateTimer(TimeSpan delay, CancellationToken cancellationToken)
    {
        var source = new TaskCompletionSource();
        var command = Add("timer", default, delay);
        _waiting[command.Id] = _ => source.TrySetResult();
        cancellationToken.Register(() =>
        {
            if (source.TrySetCanceled(cancellationToken))
                Cancelled.Add(command.Id);
        });
        return source.Task;
    }

    public Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default)
    {
        if (_buffered.TryGetValue(eventName, out var buffer) && buffer.TryDequeue(out var payload))
            return Task.FromResult(payload.Deserialize<T>(AiCoderJson.Options)!);
        var source = new TaskCompletionSource<T>();
        if (!_listeners.TryGetValue(eventName, out var listeners))
            _listeners[eventName] = listeners = [];
        listeners.Add(arrived => source.TrySetResult(arrived.Deserialize<T>(AiCoderJson.Options)!));
        cancellationToken.Register(() => source.TrySetCanceled(cancellationToken));
        return source.Task;
    }

    public void SetCustomStatus(object? customStatus)
    {
        if (JsonSerializer.Serialize(customStatus, AiCoderJson.Options).Length > 8192)
            throw new InvalidOperationException("The custom status is too large for Durable.");
        Statuses.Add((TaskProgress)customStatus!);
    }

    private void Apply(Event happened)
    {
        if (happened.Id is { } id)
        {
            _waiting[id](happened.Payload);
            return;
        }

        if (_listeners.TryGetValue(happened.Name!, out var listeners))
        {
            while (listeners.Count > 0)
            {
                var listener = listeners[0];
                listeners.RemoveAt(0);
                if (listener(happened.Payload))
                    return;
            }
        }

        if (!_buffered.TryGetValue(happened.Name!, out var buffer))
            _buffered[happened.Name!] = buffer = [];
        buffer.Enqueue(happened.Payload);
    }

    private void Pump()
    {
        while (_ready.TryDequeue(out var work))
            work.Callback(work.State);
    }

    private Command Add(string name, JsonElement input, TimeSpan? delay)
    {
        if (Current != this)
            throw new InvalidOperationException("The workflow left its logical thread.");
        var command = new Command(Commands.Count, name, input, delay);
        Commands.Add(command);
        return command;
    }

    /// <summary>What the workflow asked for.</summary>
    internal sealed record Command(int Id, string Name, JsonElement Input, TimeSpan? Delay)
    {
        public override string ToString() => $"{Id} {Name} {Delay} {(Input.ValueKind == JsonValueKind.Undefined ? "" : Input.GetRawText())}";
    }

    /// <summary>What happened: an external event by name, or the completion of a command by id.</summary>
    internal sealed record Event(string? Name, int? Id, JsonElement Payload, DateTime At);
}
