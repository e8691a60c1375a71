using Microsoft.DurableTask.Entities;

namespace Microsoft.Azure.Functions.Worker;

// Microsoft.Azure.Functions.Worker.Extensions.DurableTask.

[AttributeUsage(AttributeTargets.Parameter)]
public sealed class OrchestrationTriggerAttribute : Attribute;

[AttributeUsage(AttributeTargets.Parameter)]
public sealed class ActivityTriggerAttribute : Attribute;

[AttributeUsage(AttributeTargets.Parameter)]
public sealed class EntityTriggerAttribute : Attribute;

public sealed class DurableClientAttribute : Attribute;

public sealed class TaskEntityDispatcher
{
    internal TaskEntityDispatcher()
    {
    }

    public Task DispatchAsync<T>()
        where T : class, ITaskEntity => throw new NotSupportedException();
}
