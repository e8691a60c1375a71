using System.Text.Json.Serialization;
using AiCoder.Core.Activities;
using AiCoder.Core.Models;

namespace AiCoder.Core.Agent;

/// <summary>
/// One line of a transcript (<c>state/transcript.&lt;epoch&gt;.jsonl</c>). The conversation with the model, what it cost and how far it
/// is all follow from these lines.
/// </summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(MessageEntry), "message")]
[JsonDerivedType(typeof(AnswerEntry), "answer")]
[JsonDerivedType(typeof(ResultsEntry), "results")]
[JsonDerivedType(typeof(ShortenEntry), "shorten")]
[JsonDerivedType(typeof(BatchEntry), "batch")]
public abstract record TranscriptEntry
{
    /// <summary>When it was written, UTC.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary><c>analyzing</c> or <c>coding</c>.</summary>
    public required string Stage { get; init; }

    /// <summary>The round of coding, from 1; 0 while analysing.</summary>
    public int Iteration { get; init; }
}

/// <summary>Something the model was told.</summary>
public sealed record MessageEntry : TranscriptEntry
{
    /// <summary><c>system</c> or <c>user</c>.</summary>
    public required string Role { get; init; }
    public required MessageSource Source { get; init; }
    public required string Text { get; init; }

    /// <summary>The number of a person's message; 0 for others.</summary>
    public long Number { get; init; }
}

/// <summary>Where a message comes from.</summary>
[JsonConverter(typeof(WireNameConverter<MessageSource>))]
public enum MessageSource
{
    /// <summary>What the model is and has to do.</summary>
    Task,

    /// <summary>A failed validation.</summary>
    Feedback,

    /// <summary>A person, while the task ran.</summary>
    Person,

    /// <summary>Us: it called no tool, repeated itself, answered no valid plan.</summary>
    Reminder,

    /// <summary>The task and its plan once more, because they lie far back.</summary>
    Plan,
}

/// <summary>An answer of the model. Written and flushed before any of its tools runs.</summary>
public sealed record AnswerEntry : TranscriptEntry
{
    public required string Model { get; init; }
    public required ModelAnswer Answer { get; init; }

    /// <summary>The form that the tools were given in, and that the calls had.</summary>
    public ToolCallForm Form { get; init; }
}

/// <summary>What the tools of the answer before did.</summary>
public sealed record ResultsEntry : TranscriptEntry
{
    /// <summary>One for each call of the answer, in its order.</summary>
    public required IReadOnlyList<CallResult> Results { get; init; }

    /// <summary>The snapshot after them.</summary>
    public required string Tree { get; init; }

    /// <summary>The model said it is done, and that was accepted: its summary.</summary>
    public string? Finished { get; init; }

    /// <summary>The model said it is done although nothing had changed.</summary>
    public bool NothingChanged { get; init; }

    /// <summary>What a reader of the task's result should know.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>What one call answered.</summary>
/// <param name="CallId">The call.</param>
/// <param name="Text">The answer.</param>
/// <param name="Error">It could not be done.</param>
public sealed record CallResult(string CallId, string Text, bool Error = false);

/// <summary>The conversation had become too long for the model: older tool output is left out from here on.</summary>
public sealed record ShortenEntry : TranscriptEntry
{
    /// <summary>From 1; each halves what is kept.</summary>
    public required int Level { get; init; }
}

/// <summary>A batch of turns ended. The activity that is run again for the same batch answers the same.</summary>
public sealed record BatchEntry : TranscriptEntry
{
    public required int Batch { get; init; }
    public required CodeOutput Output { get; init; }
}
