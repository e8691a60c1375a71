using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Functions.Orchestration;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiCoder.Functions.Tests.Infrastructure;

/// <summary>
/// A <see cref="TaskOrchestrationContext"/> on the tests' replayed history. Everything that would cross to the task hub becomes JSON and
/// comes back from it, and is kept for whoever wants to look.
/// </summary>
internal sealed class RecordedOrchestration(IWorkflowContext history, OrchestrationInput input, List<string> payloads) : TaskOrchestrationContext
{
    /// <summary>A scenario's answer that stands for a worker which was stopping.</summary>
    public static readonly object Interrupted = new Dictionary<string, object> { ["interrupted"] = true };

    /// <summary>A scenario's answer that stands for a worker which died.</summary>
    public static readonly object Lost = new Dictionary<string, object> { ["lost"] = true };

    public override TaskName Name => CodingOrchestrator.Name;
    public override string InstanceId => history.InstanceId;
    public override ParentOrchestrationInstance? Parent => null;
    public override DateTime CurrentUtcDateTime => history.CurrentUtcDateTime;
    public override bool IsReplaying => history.IsReplaying;
    public override TaskOrchestrationEntityFeature Entities { get; } = new Signals(payloads);
    protected override ILoggerFactory LoggerFactory => NullLoggerFactory.Instance;

    public override T GetInput<T>() => Cross<T>(input);

    public override async Task<TResult> CallActivityAsync<TResult>(TaskName name, object? input = null, TaskOptions? options = null)
    {
        var call = Cross<ActivityCall>(input!);
        var answer = await history.CallActivityAsync<JsonElement>(name.Name, call.Input);
        if (answer.TryGetProperty("value", out var value) && value.ValueKind == JsonValueKind.Object)
        {
            if (value.TryGetProperty("interrupted", out _))
                return Cross<TResult>(new ActivityAnswer { Interrupted = true });
            if (value.TryGetProperty("lost", out _))
                throw new TaskFailedException(name.Name, 1, new TaskFailureDetails("WorkerProcessExit", "the worker is gone", null, null, null));
        }

        return Cross<TResult>(name.Name == ActivityHost.Release ? new ActivityAnswer() : new ActivityAnswer { Output = answer });
    }

    public override Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken) =>
        history.CreateTimer(fireAt - history.CurrentUtcDateTime, cancellationToken);

    public override Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default) =>
        history.WaitForExternalEvent<T>(eventName, cancellationToken);

    public override void SetCustomStatus(object? customStatus) => history.SetCustomStatus(Cross<TaskProgress>(customStatus!));

    public override void SendEvent(string instanceId, string eventName, object payload) => throw new NotSupportedException();

    public override Task<TResult> CallSubOrchestratorAsync<TResult>(TaskName orchestratorName, object? input = null, TaskOptions? options = null) =>
        throw new NotSupportedException();

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true) => throw new NotSupportedException();

    public override Guid NewGuid() => throw new NotSupportedException();

    private T Cross<T>(object value)
    {
        var json = JsonSerializer.Serialize(value, value.GetType(), AiCoderJson.Options);
        payloads.Add(json);
        return JsonSerializer.Deserialize<T>(json, AiCoderJson.Options)!;
    }

    private sealed class Signals(List<string> payloads) : TaskOrchestrationEntityFeature
    {
        public override Task SignalEntityAsync(EntityInstanceId id, string operationName, object? input = null, SignalEntityOptions? options = null)
        {
            payloads.Add($"signal {id.Key} {operationName}");
            return Task.CompletedTask;
        }

        public override Task<TResult> CallEntityAsync<TResult>(EntityInstanceId id, string operationName, object? input = null, CallEntityOptions? options = null) =>
            throw new NotSupportedException();

        public override Task CallEntityAsync(EntityInstanceId id, string operationName, object? input = null, CallEntityOptions? options = null) =>
            throw new NotSupportedException();

        public override Task<IAsyncDisposable> LockEntitiesAsync(IEnumerable<EntityInstanceId> entityIds) => throw new NotSupportedException();

        public override bool InCriticalSection([System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out IReadOnlyList<EntityInstanceId>? entityIds)
        {
            entityIds = null;
            return false;
        }
    }
}
