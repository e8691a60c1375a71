namespace AiCoder.Embedded.Journal;

/// <summary>The kinds of event in a history. The names stand in journals, so one that has shipped never changes.</summary>
public enum HistoryEventKind
{
    /// <summary>The workflow began. Always the first event.</summary>
    TaskStarted,

    /// <summary>The workflow asked for an activity; the payload is its input.</summary>
    ActivityScheduled,

    /// <summary>An activity ended; the payload is what it returned.</summary>
    ActivityCompleted,

    /// <summary>An activity could not be called at all, or returned what can't be kept; the payload is the failure.</summary>
    ActivityFailed,

    /// <summary>The workflow asked for a timer; the payload is the time it fires, in unix milliseconds.</summary>
    TimerScheduled,

    /// <summary>A timer fired.</summary>
    TimerFired,

    /// <summary>The workflow took a timer back.</summary>
    TimerCancelled,

    /// <summary>An external event arrived; the name is the event's.</summary>
    EventReceived,

    /// <summary>The workflow returned; the payload is the result. Always the last event.</summary>
    TaskEnded,
}
