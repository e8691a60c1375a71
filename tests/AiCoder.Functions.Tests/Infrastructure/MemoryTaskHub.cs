using System.Collections.Concurrent;
using System.Text.Json;
using AiCoder.Core;
using AiCoder.Functions.Orchestration;
using AiCoder.Functions.Tasks;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Client.Entities;
using Microsoft.DurableTask.Entities;

namespace AiCoder.Functions.Tests.Infrastructure;

/// <summary>
/// A task hub in memory, as the client sees it: instances that are there until they are purged, and mailboxes. It runs nothing; a test
/// moves instances on. Like the real one it keeps everything as JSON.
/// </summary>
internal sealed class MemoryTaskHub() : DurableTaskClient("memory")
{
    private readonly ConcurrentDictionary<string, OrchestrationMetadata> _instances = new();

    /// <summary>Everything that was written, as the hub's storage would hold it.</summary>
    public ConcurrentQueue<string> Written { get; } = new();

    /// <summary>Events that were raised: instance, name, payload.</summary>
    public ConcurrentQueue<(string Instance, string Name, string Payload)> Raised { get; } = new();

    /// <summary>Called between a start's look at the id and its insertion.</summary>
    public Func<Task> BeforeInsert { get; set; } = () => Task.CompletedTask;

    /// <summary>Thrown by a start, before or after the instance is in the hub.</summary>
    public Exception? FailBefore { get; set; }
    public Exception? FailAfter { get; set; }

    public override DurableEntityClient Entities => Mailboxes;

    public MemoryMailboxes Mailboxes { get; } = new();

    /// <summary>Moves an instance on.</summary>
    public void Set(string taskId, OrchestrationRuntimeStatus status, object? customStatus = null, object? output = null, TaskFailureDetails? failure = null, DateTimeOffset? at = null)
    {
        var before = _instances[taskId];
        _instances[taskId] = new(before.Name, taskId)
        {
            RuntimeStatus = status,
            CreatedAt = at ?? before.CreatedAt,
            LastUpdatedAt = at ?? DateTimeOffset.UtcNow,
            SerializedInput = before.SerializedInput,
            SerializedCustomStatus = customStatus is null ? before.SerializedCustomStatus : Json(customStatus),
            SerializedOutput = output is null ? null : Json(output),
            FailureDetails = failure,
        };
    }

    public void Add(string name, string id) => _instances[id] = new(name, id) { RuntimeStatus = OrchestrationRuntimeStatus.Running, SerializedInput = "\"something else\"" };

    public override async Task<string> ScheduleNewOrchestrationInstanceAsync(
        TaskName orchestratorName, object? input = null, StartOrchestrationOptions? options = null, CancellationToken cancellation = default)
    {
        await BeforeInsert();
        if (FailBefore is not null)
            throw FailBefore;
        var id = options!.InstanceId!;
        var json = Json(input!);
        Written.Enqueue(json);
        var instance = new OrchestrationMetadata(orchestratorName.Name, id)
        {
            RuntimeStatus = OrchestrationRuntimeStatus.Pending,
            CreatedAt = DateTimeOffset.UtcNow,
            LastUpdatedAt = DateTimeOffset.UtcNow,
            SerializedInput = json,
        };
        if (!_instances.TryAdd(id, instance) && options.DedupeStatuses?.Contains(_instances[id].RuntimeStatus.ToString()) == true)
            throw new InvalidOperationException($"An orchestration instance with the id {id} already exists.");
        _instances.TryAdd(id, instance);
        return FailAfter is null ? id : throw FailAfter;
    }

    public override Task RaiseEventAsync(string instanceId, string eventName, object? eventPayload = null, CancellationToken cancellation = default)
    {
        var json = Json(eventPayload!);
        Written.Enqueue(json);
        Raised.Enqueue((instanceId, eventName, json));
        return Task.CompletedTask;
    }

    public override Task<OrchestrationMetadata?> GetInstancesAsync(string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        Task.FromResult(_instances.GetValueOrDefault(instanceId));

    public override AsyncPageable<OrchestrationMetadata> GetAllInstancesAsync(OrchestrationQuery? filter = null) =>
        new Pages([.. _instances.Values
            .Where(instance => filter?.Statuses is null || filter.Statuses.Contains(instance.RuntimeStatus))
            .Where(instance => filter?.CreatedTo is not { } to || instance.CreatedAt <= to)
            .OrderBy(instance => instance.InstanceId, StringComparer.Ordinal)]);

    public override Task<PurgeResult> PurgeInstanceAsync(string instanceId, PurgeInstanceOptions? options = null, CancellationToken cancellation = default) =>
        Task.FromResult(new PurgeResult(_instances.TryRemove(instanceId, out _) ? 1 : 0));

    public override Task<OrchestrationMetadata> WaitForInstanceStartAsync(string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public override Task<OrchestrationMetadata> WaitForInstanceCompletionAsync(string instanceId, bool getInputsAndOutputs = false, CancellationToken cancellation = default) =>
        throw new NotSupportedException();

    public override Task SuspendInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) => throw new NotSupportedException();

    public override Task ResumeInstanceAsync(string instanceId, string? reason = null, CancellationToken cancellation = default) => throw new NotSupportedException();

    public override ValueTask DisposeAsync() => default;

    internal static string Json(object value) => JsonSerializer.Serialize(value, value.GetType(), AiCoderJson.Options);

    private sealed class Pages(IReadOnlyList<OrchestrationMetadata> all) : AsyncPageable<OrchestrationMetadata>
    {
        public override async IAsyncEnumerable<Page<OrchestrationMetadata>> AsPages(string? continuationToken = default, int? pageSizeHint = default)
        {
            await Task.Yield();
            var size = pageSizeHint ?? 100;
            for (var from = continuationToken is null ? 0 : int.Parse(continuationToken, System.Globalization.CultureInfo.InvariantCulture); ; from += size)
            {
                var rest = all.Count > from + size;
                yield return new([.. all.Skip(from).Take(size)], rest ? (from + size).ToString(System.Globalization.CultureInfo.InvariantCulture) : null);
                if (!rest)
                    yield break;
            }
        }
    }
}

/// <summary>The mailboxes of a <see cref="MemoryTaskHub"/>.</summary>
internal sealed class MemoryMailboxes() : DurableEntityClient("memory")
{
    private readonly ConcurrentDictionary<EntityInstanceId, string> _states = new();

    /// <summary>Signals in the order of arrival: key, operation, input as JSON.</summary>
    public ConcurrentQueue<(string Key, string Operation, string? Input)> Signals { get; } = new();

    /// <summary>Thrown by each read, as by a hub that can't be reached.</summary>
    public Exception? Fail { get; set; }

    /// <summary>Awaited before a signal is taken.</summary>
    public Func<Task> BeforeSignal { get; set; } = () => Task.CompletedTask;

    public void Set(string taskId, MailboxState state) => _states[TaskMailbox.IdOf(taskId)] = MemoryTaskHub.Json(state);

    public override async Task SignalEntityAsync(
        EntityInstanceId id, string operationName, object? input = null, SignalEntityOptions? options = null, CancellationToken cancellation = default)
    {
        await BeforeSignal();
        Signals.Enqueue((id.Key, operationName, input is null ? null : MemoryTaskHub.Json(input)));
    }

    public override Task<EntityMetadata<T>?> GetEntityAsync<T>(EntityInstanceId id, bool includeState = true, CancellationToken cancellation = default)
    {
        if (Fail is not null)
            throw Fail;
        return Task.FromResult(_states.TryGetValue(id, out var json)
            ? new EntityMetadata<T>(id, JsonSerializer.Deserialize<T>(json, AiCoderJson.Options))
            : null);
    }

    public override Task<EntityMetadata?> GetEntityAsync(EntityInstanceId id, bool includeState = true, CancellationToken cancellation = default) => throw new NotSupportedException();

    public override AsyncPageable<EntityMetadata> GetAllEntitiesAsync(EntityQuery? filter = null) => throw new NotSupportedException();

    public override AsyncPageable<EntityMetadata<T>> GetAllEntitiesAsync<T>(EntityQuery? filter = null) => throw new NotSupportedException();

    public override Task<CleanEntityStorageResult> CleanEntityStorageAsync(
        CleanEntityStorageRequest? request = null, bool continueUntilComplete = true, CancellationToken cancellation = default) =>
        Task.FromResult(default(CleanEntityStorageResult));
}
