namespace AiCoder.Core.Agent;

/// <summary>
/// Keeps task and plan in view. The first message always holds them; where much was said since, or old output was just left out, they
/// are said again at the end, which changes nothing of what an endpoint has cached.
/// </summary>
internal static class PlanReminder
{
    /// <summary>Answers of the model after which they are said again.</summary>
    public const int Turns = 25;

    /// <summary>Whether they are to be said before the model is asked next. Follows from the transcript alone.</summary>
    public static bool IsDue(IReadOnlyList<TranscriptEntry> transcript)
    {
        var entries = transcript.Where(entry => entry.Stage == Transcript.Coding).ToList();
        // Not between an answer without a call and what was said to it.
        if (entries.FindLast(entry => entry is not (ShortenEntry or BatchEntry)) is not ResultsEntry)
            return false;
        var said = entries.FindLastIndex(entry => entry is MessageEntry { Source: MessageSource.Task or MessageSource.Plan });
        return entries.Skip(said).Count(entry => entry is AnswerEntry) >= Turns || Conversation.LastStep(entries, Transcript.Coding) > said;
    }
}
