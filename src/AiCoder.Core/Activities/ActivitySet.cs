using System.Text.Json;
using AiCoder.Core.Failures;
using Microsoft.Extensions.Logging;

namespace AiCoder.Core.Activities;

/// <summary>
/// The six activities behind the hosts' seam. The one place where exceptions become failures.
/// </summary>
public sealed partial class ActivitySet(ILogger<ActivitySet> logger) : IActivityInvoker
{
    private readonly Dictionary<string, Func<JsonElement, ActivityContext, CancellationToken, Task<JsonElement>>> _activities = [];

    /// <summary>Adds an activity under its name.</summary>
    public void Add<TInput, TOutput>(string name, Func<TInput, ActivityContext, CancellationToken, Task<TOutput>> run)
        where TOutput : class =>
        _activities.Add(name, async (json, context, stop) =>
        {
            var input = json.Deserialize<TInput>(AiCoderJson.Options)
                ?? throw new FailureException(FailureCodes.Unhandled, $"The activity {name} was called without input.");
            var outcome = await RunAsync(name, input, run, context, stop).ConfigureAwait(false);
            return JsonSerializer.SerializeToElement(outcome, AiCoderJson.Options);
        });

    /// <inheritdoc/>
    public Task<JsonElement> InvokeAsync(string name, JsonElement input, ActivityContext context, CancellationToken stop) =>
        _activities.TryGetValue(name, out var activity)
            ? activity(input, context, stop)
            : throw new ArgumentException($"There is no activity '{name}'.", nameof(name));

    private async Task<Outcome<TOutput>> RunAsync<TInput, TOutput>(
        string name,
        TInput input,
        Func<TInput, ActivityContext, CancellationToken, Task<TOutput>> run,
        ActivityContext context,
        CancellationToken stop)
        where TOutput : class
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, context.Signals.Cancelled);
        try
        {
            return new() { Value = await run(input, context, either.Token).ConfigureAwait(false) };
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested || context.Stopping.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException) when (context.Signals.Cancelled.IsCancellationRequested)
        {
            return new() { Cancelled = true };
        }
        catch (Exception exception)
        {
            var failure = FailureMapping.From(exception);
            LogFailure(name, context.TaskId, failure.ToString(), failure.Code == FailureCodes.Unhandled ? exception : null);
            return new() { Failure = failure };
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Activity} of task {TaskId} failed: {Failure}")]
    private partial void LogFailure(string activity, string taskId, string failure, Exception? exception);
}
