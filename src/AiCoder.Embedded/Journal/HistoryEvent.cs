namespace AiCoder.Embedded.Journal;

/// <summary>One event of a task's ordered history.</summary>
/// <param name="Sequence">Its place, from 1, without gaps.</param>
/// <param name="Kind">What happened.</param>
/// <param name="Step">
/// The number, from 1, of the activity or timer it belongs to, in the order in which the workflow asked for them; null where it
/// belongs to none.
/// </param>
/// <param name="Name">The activity's or external event's name.</param>
/// <param name="Payload">JSON; what it is stands at the kind.</param>
/// <param name="At">When it was recorded (UTC, whole milliseconds); never before the event ahead of it.</param>
public sealed record HistoryEvent(long Sequence, HistoryEventKind Kind, int? Step, string? Name, string? Payload, DateTime At)
{
    /// <summary>True for what the workflow asked for, false for what happened to it.</summary>
    internal bool IsStep => Kind is HistoryEventKind.ActivityScheduled or HistoryEventKind.TimerScheduled or HistoryEventKind.TimerCancelled;
}
