using AiCoder.Core.Failures;
using AiCoder.Core.Models;

namespace AiCoder.Core.Agent;

/// <summary>
/// What comes next in an iteration. It follows from the transcript alone, so that a run that goes on after a kill decides as the
/// first one would have.
/// </summary>
internal abstract record NextStep
{
    private const int PatienceWithoutCalls = 2;
    private const int QuotedLength = 300;

    /// <summary>Ask the model.</summary>
    public sealed record Ask : NextStep;

    /// <summary>Tell the model something, then ask.</summary>
    public sealed record Remind(string Text) : NextStep;

    /// <summary>Run the tools of the last answer.</summary>
    public sealed record RunTools(AnswerEntry Entry) : NextStep;

    /// <summary>The iteration is over.</summary>
    public sealed record End(string? Summary, Failure? Failure) : NextStep;

    /// <summary>It insists that it is done although nothing has changed.</summary>
    public static Failure NothingChangedTwice => Failure.Of(FailureCodes.NoChanges, "The model said that it was done, and nothing had changed, twice. Say in the intent what is to be different, or use a more capable model. Nothing was pushed.");

    /// <param name="entries">The iteration's entries so far, at least its first message.</param>
    public static NextStep After(IReadOnlyList<TranscriptEntry> entries) => entries[^1] switch
    {
        AnswerEntry { Answer.Refused: true } => AfterRefusal(entries),
        AnswerEntry { Answer.ToolCalls.Count: > 0 } entry => new RunTools(entry),
        AnswerEntry => AfterWords(entries),
        ResultsEntry { Finished: { } summary } => new End(summary, null),
        ResultsEntry { NothingChanged: true } when entries.OfType<ResultsEntry>().Count(entry => entry.NothingChanged) > 1 =>
            new End(null, NothingChangedTwice),
        ResultsEntry => AfterResults(entries),
        _ => new Ask(),
    };

    private static NextStep AfterResults(IReadOnlyList<TranscriptEntry> entries) => StuckDetector.Look(entries) switch
    {
        StuckState.Yes => new End(null, Failure.Of(FailureCodes.Stuck, "The model repeated the same steps without getting anywhere, and was stopped. What was done is kept in the workspace; nothing was pushed. Make the intent more precise, or use a more capable model.")),
        StuckState.Nearly => new Remind(Prompt.Render("repeating.v1")),
        _ => new Ask(),
    };

    // Once in a row is asked again: a filter does not always say the same, and a model may take the reminder's word.
    private static NextStep AfterRefusal(IReadOnlyList<TranscriptEntry> entries)
    {
        var before = entries.SkipLast(1).LastOrDefault(entry => entry is not MessageEntry { Source: MessageSource.Reminder });
        return before is AnswerEntry { Answer.Refused: true }
            ? new End(null, Refusal(((AnswerEntry)entries[^1]).Answer))
            : new Remind(Prompt.Render("refused.v1"));
    }

    /// <summary>The failure of a model that declines, or whose answers are withheld.</summary>
    public static Failure Refusal(ModelAnswer answer) => Failure.Of(
        FailureCodes.ContentRefused,
        $"The model declined, or a filter of its endpoint withheld its answer, twice. {Quote(answer.Refusal ?? answer.Text)} Put the intent in other words, or use another model. Nothing was pushed.");

    private static NextStep AfterWords(IReadOnlyList<TranscriptEntry> entries)
    {
        var inRow = 0;
        foreach (var entry in entries.Reverse())
        {
            if (entry is AnswerEntry { Answer: { ToolCalls.Count: 0 } or { Refused: true } })
                inRow++;
            else if (entry is not MessageEntry { Source: MessageSource.Reminder })
                break;
        }

        var answer = ((AnswerEntry)entries[^1]).Answer;
        if (inRow > PatienceWithoutCalls)
            return new End(null, Failure.Of(FailureCodes.ModelUnusable, $"The model answered {inRow} times without calling a tool. {Quote(answer.Text)} Use a model that follows instructions better. Nothing was pushed."));
        return new Remind(Prompt.Render(answer.CutOff ? "cut-off.v1" : answer.Empty ? "empty.v1" : "no-call.v1"));
    }

    private static string Quote(string? text) => string.IsNullOrWhiteSpace(text)
        ? "Its last answer was empty."
        : $"Its last words: \"{TextLimit.Cut(text, QuotedLength).ReplaceLineEndings(" ").Trim()}\"";
}
