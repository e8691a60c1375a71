using System.Diagnostics.CodeAnalysis;

namespace Microsoft.DurableTask.Entities;

// Microsoft.DurableTask.Abstractions, entities.

public readonly record struct EntityInstanceId
{
    public EntityInstanceId(string name, string key)
    {
        (Name, Key) = (name.ToLowerInvariant(), key);
    }

    public string Name { get; }
    public string Key { get; }
}

public interface ITaskEntity
{
    ValueTask<object?> RunAsync(TaskEntityOperation operation);
}

public abstract class TaskEntityOperation
{
    public abstract string Name { get; }
}

public abstract class TaskEntity<TState> : ITaskEntity
{
    protected TState State { get; set; } = default!;

    public ValueTask<object?> RunAsync(TaskEntityOperation operation) => throw new NotSupportedException();

    protected virtual TState InitializeState(TaskEntityOperation entityOperation) => Activator.CreateInstance<TState>();
}

public record CallEntityOptions;

public record SignalEntityOptions;

public abstract class TaskOrchestrationEntityFeature
{
    public abstract Task<TResult> CallEntityAsync<TResult>(EntityInstanceId id, string operationName, object? input = null, CallEntityOptions? options = null);

    public abstract Task CallEntityAsync(EntityInstanceId id, string operationName, object? input = null, CallEntityOptions? options = null);

    public abstract Task SignalEntityAsync(EntityInstanceId id, string operationName, object? input = null, SignalEntityOptions? options = null);

    public abstract Task<IAsyncDisposable> LockEntitiesAsync(IEnumerable<EntityInstanceId> entityIds);

    public abstract bool InCriticalSection([NotNullWhen(true)] out IReadOnlyList<EntityInstanceId>? entityIds);
}
