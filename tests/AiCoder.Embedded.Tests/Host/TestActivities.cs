using System.Collections.Concurrent;
using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Activities;

namespace AiCoder.Embedded.Tests.Host;

/// <summary>Activities that do what a test says. One without a word of its own answers with its name.</summary>
internal sealed class TestActivities : IActivityInvoker
{
    private readonly ConcurrentDictionary<string, Func<JsonElement, ActivityContext, CancellationToken, Task<object>>> _activities = [];

    /// <summary>The calls that began, in order: task, activity and input.</summary>
    public ConcurrentQueue<string> Calls { get; } = [];

    /// <summary>An activity that runs until it is stopped or let go.</summary>
    public TestActivities Hanging(string name, Task? until = null) => On(name, async (_, context, stop) =>
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, context.Stopping, context.Signals.Cancelled);
        try
        {
            await (until ?? Task.Delay(Timeout.Infinite, either.Token)).WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (context.Signals.Cancelled.IsCancellationRequested && !stop.IsCancellationRequested)
        {
            return "cancelled";
        }

        return name;
    });

    public TestActivities On(string name, Func<JsonElement, ActivityContext, CancellationToken, Task<object>> run)
    {
        _activities[name] = run;
        return this;
    }

    public async Task<JsonElement> InvokeAsync(string name, JsonElement input, ActivityContext context, CancellationToken stop)
    {
        Calls.Enqueue($"{context.TaskId} {name} {input.GetRawText()}");
        var output = _activities.TryGetValue(name, out var activity) ? await activity(input, context, stop) : name;
        return JsonSerializer.SerializeToElement(output, AiCoderJson.Options);
    }
}
