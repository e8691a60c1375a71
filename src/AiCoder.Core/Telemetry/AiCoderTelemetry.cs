using System.Diagnostics;
using System.Diagnostics.Metrics;
using AiCoder.Core.Failures;
using TraceContext = System.Diagnostics.ActivityContext;

namespace AiCoder.Core.Telemetry;

/// <summary>
/// The source of every span and the meter of every figure. Both cost next to nothing while nobody listens; who exports them is
/// <see cref="TelemetryExport"/>'s affair, or that of a host with an OpenTelemetry of its own.
/// </summary>
/// <remarks>
/// What may be an attribute: names, numbers, ids, codes. Never a prompt, a file's content, a command's arguments, a message, or an
/// address with more than its host: a trace is read by more people than a repository is.
/// </remarks>
public static class AiCoderTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/> and of the <see cref="Meter"/>.</summary>
    public const string Name = "AiCoder";

    internal static string Version { get; } = typeof(AiCoderTelemetry).Assembly.GetName().Version?.ToString(3) ?? "";

    internal static ActivitySource Source { get; } = new(Name, Version);

    /// <summary>The trace context in a <c>traceparent</c>; the default, which is none, where it is missing or malformed.</summary>
    internal static TraceContext ContextOf(string? traceParent) =>
        TraceContext.TryParse(traceParent, null, isRemote: true, out var context) ? context : default;

    /// <summary>A span of a task: a child of its trace, on whatever machine.</summary>
    internal static Activity? StartOfTask(string name, string taskId, string? traceParent, DateTimeOffset began = default) =>
        Source.StartActivity(name, ActivityKind.Internal, ContextOf(traceParent), [new(TelemetryAttributes.TaskId, taskId)], startTime: began);

    /// <summary>
    /// A span inside of a task's span. Null also where none is open: what runs for no task (a doctor's question, a probe) is in no trace.
    /// </summary>
    internal static Activity? StartInside(string name, ActivityKind kind)
    {
        var outer = Activity.Current;
        while (outer is not null && !ReferenceEquals(outer.Source, Source))
            outer = outer.Parent;
        return outer?.GetTagItem(TelemetryAttributes.TaskId) is { } taskId
            ? Source.StartActivity(name, kind, default(TraceContext), [new(TelemetryAttributes.TaskId, taskId)])
            : null;
    }

    /// <summary><c>category/code</c>: low in number, and what scripts and dashboards count by.</summary>
    internal static string ErrorType(Failure failure) => $"{AiCoderJson.NameOf(failure.Category)}/{failure.Code}";

    /// <summary>Marks a span as failed. The failure's words stay out: they name repositories, files and hosts.</summary>
    internal static void Fail(this Activity? span, string errorType) =>
        span?.SetTag(TelemetryAttributes.ErrorType, errorType).SetStatus(ActivityStatusCode.Error, errorType);
}
