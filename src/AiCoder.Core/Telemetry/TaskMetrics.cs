using System.Diagnostics;
using System.Diagnostics.Metrics;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Telemetry;

/// <summary>The figures. Names and units by OpenTelemetry's conventions; one that has shipped never changes its meaning.</summary>
internal static class TaskMetrics
{
    // Seconds. A webhook takes milliseconds, coding and tests an hour.
    private static readonly InstrumentAdvice<double> Durations = new()
    {
        HistogramBucketBoundaries = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 3600],
    };

    private static readonly Meter Meter = new(AiCoderTelemetry.Name, AiCoderTelemetry.Version);

    private static readonly Counter<long> Tasks = Meter.CreateCounter<long>(
        "aicoder.tasks", "{task}", "Tasks that ended, by status and failure.");

    private static readonly Histogram<double> TaskDuration = Meter.CreateHistogram(
        "aicoder.task.duration", "s", "From a task's start to its end, waiting for people included.", advice: Durations);

    private static readonly Histogram<double> StageDuration = Meter.CreateHistogram(
        "aicoder.stage.duration", "s", "Time that a task spent in a stage, retries and their pauses included.", advice: Durations);

    private static readonly Histogram<double> ActivityDuration = Meter.CreateHistogram(
        "aicoder.activity.duration", "s", "One run of an activity.", advice: Durations);

    private static readonly Counter<long> Retries = Meter.CreateCounter<long>(
        "aicoder.retries", "{retry}", "Activities that are tried again, by activity and failure.");

    private static readonly Counter<long> Tokens = Meter.CreateCounter<long>(
        "aicoder.model.tokens", "{token}", "Tokens of answers that were received: input that was not cached, cached_input, output. Their sum is the total.");

    private static readonly Counter<double> Cost = Meter.CreateCounter<double>(
        "aicoder.model.cost", "{USD}", "US dollars, where the model's price is known.");

    private static readonly Histogram<double> ModelDuration = Meter.CreateHistogram(
        "aicoder.model.duration", "s", "One question to the model, from sending it to the answer's end.", advice: Durations);

    private static readonly Histogram<double> CommandDuration = Meter.CreateHistogram(
        "aicoder.command.duration", "s", "One command in the sandbox.", advice: Durations);

    private static readonly Counter<long> Deliveries = Meter.CreateCounter<long>(
        "aicoder.webhook.deliveries", "{delivery}", "Tries to deliver an event, by failure.");

    public static void Ended(TaskResult result)
    {
        var tags = new TagList { { TelemetryAttributes.Status, AiCoderJson.NameOf(result.Status) } };
        Add(ref tags, result.Error is { } failure ? AiCoderTelemetry.ErrorType(failure) : null);
        Tasks.Add(1, tags);
        foreach (var (stage, seconds) in result.Timings)
        {
            if (stage == "total")
                TaskDuration.Record(seconds, tags);
            else
                StageDuration.Record(seconds, new KeyValuePair<string, object?>(TelemetryAttributes.Stage, stage));
        }
    }

    public static void Retried(string activity, Failure failure) =>
        Retries.Add(1, new(TelemetryAttributes.Activity, activity), new(TelemetryAttributes.ErrorType, AiCoderTelemetry.ErrorType(failure)));

    /// <param name="activity">Which.</param>
    /// <param name="duration">Of this run.</param>
    /// <param name="errorType">Null: it did not fail.</param>
    public static void ActivityRan(string activity, TimeSpan duration, string? errorType)
    {
        var tags = new TagList { { TelemetryAttributes.Activity, activity } };
        Add(ref tags, errorType);
        ActivityDuration.Record(duration.TotalSeconds, tags);
    }

    public static void ModelAnswered(string model, Usage usage)
    {
        Count("input", usage.InputTokens - usage.CachedInputTokens);
        Count("cached_input", usage.CachedInputTokens);
        Count("output", usage.OutputTokens);
        if (usage.CostUsd is { } cost)
            Cost.Add((double)cost, new KeyValuePair<string, object?>(TelemetryAttributes.RequestModel, model));

        void Count(string type, long tokens)
        {
            if (tokens > 0)
                Tokens.Add(tokens, new(TelemetryAttributes.RequestModel, model), new(TelemetryAttributes.TokenType, type));
        }
    }

    public static void ModelAsked(string model, TimeSpan duration, string? errorType)
    {
        var tags = new TagList { { TelemetryAttributes.RequestModel, model } };
        Add(ref tags, errorType);
        ModelDuration.Record(duration.TotalSeconds, tags);
    }

    public static void CommandRan(string purpose, string ending, TimeSpan duration) => CommandDuration.Record(
        duration.TotalSeconds, new(TelemetryAttributes.CommandPurpose, purpose), new(TelemetryAttributes.CommandEnding, ending));

    public static void Delivered(string? errorType)
    {
        var tags = default(TagList);
        Add(ref tags, errorType);
        Deliveries.Add(1, tags);
    }

    private static void Add(ref TagList tags, string? errorType)
    {
        if (errorType is not null)
            tags.Add(TelemetryAttributes.ErrorType, errorType);
    }
}
