using System.Text.Json;
using AiCoder.Core.Failures;
using AiCoder.Core.Telemetry;
using Microsoft.Extensions.Logging;

namespace AiCoder.Core.Activities;

/// <summary>
/// The six activities behind the hosts' seam. The one place where exceptions become failures, and where an activity gets its span.
/// </summary>
public sealed partial class ActivitySet(ILogger<ActivitySet> logger, TimeProvider time) : IActivityInvoker
{
    private readonly Dictionary<string, Func<JsonElement, ActivityContext, CancellationToken, Task<JsonElement>>> _activities = [];

    /// <summary>Adds an activity under its name.</summary>
    /// <param name="name">A name of <see cref="ActivityNames"/>.</param>
    /// <param name="run">What it does.</param>
    /// <param name="cancellable">
    /// Whether a cancel of the task fires the activity's token. Not so for Commit and Notify: what a push did is known by its
    /// answer only, and the last events are delivered after the cancel.
    /// </param>
    public void Add<TInput, TOutput>(
        string name, Func<TInput, ActivityContext, CancellationToken, Task<TOutput>> run, bool cancellable = true)
        where TOutput : class =>
        _activities.Add(name, async (json, context, stop) =>
        {
            var input = json.Deserialize<TInput>(AiCoderJson.Options)
                ?? throw new FailureException(FailureCodes.Unhandled, $"The activity {name} was called without input.");
            var outcome = await ObservedAsync(name, input, run, context, cancellable ? context.Signals.Cancelled : CancellationToken.None, stop).ConfigureAwait(false);
            return JsonSerializer.SerializeToElement(outcome, AiCoderJson.Options);
        });

    /// <inheritdoc/>
    public Task<JsonElement> InvokeAsync(string name, JsonElement input, ActivityContext context, CancellationToken stop) =>
        _activities.TryGetValue(name, out var activity)
            ? activity(input, context, stop)
            : throw new ArgumentException($"There is no activity '{name}'.", nameof(name));

    private async Task<Outcome<TOutput>> ObservedAsync<TInput, TOutput>(
        string name,
        TInput input,
        Func<TInput, ActivityContext, CancellationToken, Task<TOutput>> run,
        ActivityContext context,
        CancellationToken cancelled,
        CancellationToken stop)
        where TOutput : class
    {
        using var span = AiCoderTelemetry.StartOfTask(name, context.TaskId, context.TraceParent);
        span?.SetTag(TelemetryAttributes.Activity, name);
        var began = time.GetTimestamp();
        try
        {
            var outcome = await RunAsync(name, input, run, context, cancelled, stop).ConfigureAwait(false);
            // What the model ran into (a limit, a refused key) is a failure to whoever reads the trace; to the workflow it is part of the answer.
            var failure = outcome.Failure ?? (outcome.Value as CodeOutput)?.Failure ?? (outcome.Value as AnalyzeOutput)?.Failure;
            var errorType = failure is null ? null : AiCoderTelemetry.ErrorType(failure);
            if (errorType is not null)
                span.Fail(errorType);
            else if (outcome.Cancelled)
                span?.SetTag(TelemetryAttributes.Outcome, "cancelled");
            TaskMetrics.ActivityRan(name, time.GetElapsedTime(began), errorType);
            return outcome;
        }
        catch (OperationCanceledException)
        {
            // It will run again: no failure, and no duration that says anything.
            span?.SetTag(TelemetryAttributes.Outcome, "interrupted");
            throw;
        }
    }

    private async Task<Outcome<TOutput>> RunAsync<TInput, TOutput>(
        string name,
        TInput input,
        Func<TInput, ActivityContext, CancellationToken, Task<TOutput>> run,
        ActivityContext context,
        CancellationToken cancelled,
        CancellationToken stop)
        where TOutput : class
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, cancelled);
        try
        {
            return new() { Value = await run(input, context, either.Token).ConfigureAwait(false) };
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested || context.Stopping.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException) when (cancelled.IsCancellationRequested)
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
