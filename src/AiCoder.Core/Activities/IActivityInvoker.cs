using System.Text.Json;

namespace AiCoder.Core.Activities;

/// <summary>The seam between a host and the activities: JSON in, JSON out, failures as data.</summary>
public interface IActivityInvoker
{
    /// <summary>
    /// Runs an activity. Never throws for what goes wrong inside it; throws <see cref="OperationCanceledException"/> only when
    /// <paramref name="stop"/> or <see cref="ActivityContext.Stopping"/> fired, and then nothing may be recorded, because the
    /// activity will run again.
    /// </summary>
    Task<JsonElement> InvokeAsync(string name, JsonElement input, ActivityContext context, CancellationToken stop);
}
