using System.Diagnostics;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Telemetry;

/// <summary>A task's trace from its acceptance to its end.</summary>
public static class TaskTrace
{
    private const string AcceptSpan = "accept task";
    private const string TaskSpan = "task";

    /// <summary>
    /// Gives a task that is taken in the trace that all its spans belong to, on whatever machine and after any restart: the caller's
    /// where the request brought one, else a new one. Every way into the system comes through here.
    /// </summary>
    /// <remarks>
    /// Where nobody exports here, the trace begins all the same, because the machine that runs the task may. The same task sent again
    /// keeps the trace that it has; its second acceptance is then a span of its own.
    /// </remarks>
    /// <param name="accepted">The task.</param>
    /// <param name="traceParent">The W3C <c>traceparent</c> of the request; a malformed one counts as none.</param>
    public static AcceptedTask Begin(AcceptedTask accepted, string? traceParent = null)
    {
        using var span = AiCoderTelemetry.StartOfTask(AcceptSpan, accepted.Spec.TaskId, traceParent);
        var context = span?.Context ?? AiCoderTelemetry.ContextOf(traceParent);
        if (context == default)
            context = new(ActivityTraceId.CreateRandom(), ActivitySpanId.CreateRandom(), ActivityTraceFlags.Recorded);
        return accepted with { Spec = accepted.Spec with { TraceParent = Text(context) } };
    }

    /// <summary>
    /// Says how a task ended: its figures, and one span over all of its time. For workflow code, which says it once and not while
    /// it is replayed.
    /// </summary>
    internal static void End(TaskSpec spec, TaskResult result, DateTime began, DateTime ended)
    {
        TaskMetrics.Ended(result);
        using var span = AiCoderTelemetry.StartOfTask(TaskSpan, spec.TaskId, spec.TraceParent, new(DateTime.SpecifyKind(began, DateTimeKind.Utc)));
        if (span is null)
            return;
        span.SetTag(TelemetryAttributes.Status, AiCoderJson.NameOf(result.Status));
        span.SetTag(TelemetryAttributes.Iterations, result.Iterations);
        span.SetTag(TelemetryAttributes.InputTokens, result.Usage.InputTokens);
        span.SetTag(TelemetryAttributes.OutputTokens, result.Usage.OutputTokens);
        if (result.Usage.CostUsd is { } cost)
            span.SetTag(TelemetryAttributes.Cost, (double)cost);
        if (result.TestResults is { } tests)
            span.SetTag(TelemetryAttributes.Verdict, AiCoderJson.NameOf(tests.Verdict));
        if (result.Error is { } failure)
            span.Fail(AiCoderTelemetry.ErrorType(failure));
        span.SetEndTime(DateTime.SpecifyKind(ended, DateTimeKind.Utc));
    }

    private static string Text(System.Diagnostics.ActivityContext context) =>
        $"00-{context.TraceId}-{context.SpanId}-{(context.TraceFlags.HasFlag(ActivityTraceFlags.Recorded) ? "01" : "00")}";
}
