using System.Globalization;
using System.Text.Json;
using AiCoder.Core;
using AiCoder.Embedded.Journal;

namespace AiCoder.Embedded.Replay;

/// <summary>Something a workflow asked for, before or after it is recorded.</summary>
/// <param name="Kind">One of the kinds that are steps.</param>
/// <param name="Step">The activity's or timer's number.</param>
/// <param name="Name">The activity's name.</param>
/// <param name="Payload">The activity's input, or when the timer fires.</param>
internal sealed record WorkflowStep(HistoryEventKind Kind, int Step, string? Name, string? Payload)
{
    /// <summary>When the timer fires (UTC).</summary>
    public DateTime FireAt => HistoryTable.FromMilliseconds(long.Parse(Payload!, CultureInfo.InvariantCulture));

    /// <summary>Throws where this is not what was recorded.</summary>
    public void RequireSame(HistoryEvent recorded)
    {
        if (Kind != recorded.Kind || Step != recorded.Step || Name != recorded.Name)
            throw new NotDeterministicException($"Recorded as event {recorded.Sequence} is {Describe(recorded)}; the workflow asked for {this}.");
        if (Payload == recorded.Payload)
            return;

        if (Kind != HistoryEventKind.ActivityScheduled)
            throw new NotDeterministicException($"Recorded as event {recorded.Sequence} is {Describe(recorded)}; the workflow asked for {this}.");
        using var left = JsonDocument.Parse(recorded.Payload!);
        using var right = JsonDocument.Parse(Payload!);
        if (JsonDifferences.Between(left.RootElement, right.RootElement) is { Count: > 0 } fields)
            throw new NotDeterministicException(
                $"Recorded as event {recorded.Sequence} is {Describe(recorded)}; the workflow asked for it with another input (differing in {string.Join(", ", fields)}).");
    }

    public override string ToString() => Describe(Kind, Step, Name, Payload);

    /// <summary>An event of the history, for people; without its payload, which may be long.</summary>
    public static string Describe(HistoryEvent recorded) => Describe(recorded.Kind, recorded.Step, recorded.Name, recorded.Payload);

    private static string Describe(HistoryEventKind kind, int? step, string? name, string? payload) => kind switch
    {
        HistoryEventKind.ActivityScheduled => $"step {step}, the activity {name}",
        HistoryEventKind.TimerScheduled => $"step {step}, a timer for {HistoryTable.FromMilliseconds(long.Parse(payload!, CultureInfo.InvariantCulture)):yyyy-MM-ddTHH:mm:ss.fffZ}",
        HistoryEventKind.TimerCancelled => $"the end of the timer of step {step}",
        HistoryEventKind.ActivityCompleted or HistoryEventKind.ActivityFailed => $"the answer of the activity of step {step}",
        HistoryEventKind.TimerFired => $"the firing of the timer of step {step}",
        HistoryEventKind.EventReceived => $"the external event '{name}'",
        HistoryEventKind.TaskEnded => "the end of the workflow",
        _ => "the start of the workflow",
    };
}
