using System.Globalization;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.Replay;

namespace AiCoder.Embedded.Runner;

/// <summary>Something that happened to a task and is to become an event of its history.</summary>
/// <param name="Kind">The event's kind.</param>
/// <param name="Step">The activity or timer it belongs to.</param>
/// <param name="Name">The external event's name.</param>
/// <param name="Payload">What it carries.</param>
internal sealed record Arrival(HistoryEventKind Kind, int? Step = null, string? Name = null, string? Payload = null)
{
    /// <summary>The inbox item it came from.</summary>
    public long? InboxNumber { get; init; }

    /// <summary>The time it may not be recorded before.</summary>
    public DateTime? NotBefore { get; init; }

    public static Arrival Started { get; } = new(HistoryEventKind.TaskStarted);

    public static Arrival Of(InboxItem item) =>
        new(HistoryEventKind.EventReceived, Name: item.Name, Payload: item.Payload) { InboxNumber = item.Number };

    public static Arrival Fired(WorkflowStep timer) => new(HistoryEventKind.TimerFired, timer.Step) { NotBefore = timer.FireAt };

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Kind} {Step}{Name}");
}
