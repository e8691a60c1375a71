using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AiCoder.Core.Models;

namespace AiCoder.Core.Agent;

/// <summary>In which form a task's model calls its tools. It follows from the transcript, so that it stays the same through a kill.</summary>
internal static class ToolCallForms
{
    // A model that has said twice that it will not call what it was given natively is given it in words.
    private const int WordsBeforeText = 2;

    /// <summary>The form that the task's answers have so far; null: it has none.</summary>
    public static ToolCallForm? Recorded(IReadOnlyList<TranscriptEntry> entries, string stage) =>
        Answers(entries, stage).LastOrDefault()?.Form;

    /// <summary>
    /// The endpoint took the tools and its model knows nothing of them, or does not use them: it never called one natively, and said
    /// something else again and again.
    /// </summary>
    public static bool Unused(IReadOnlyList<TranscriptEntry> entries, string stage)
    {
        var answers = Answers(entries, stage).ToList();
        return answers.Count >= WordsBeforeText && answers.TrueForAll(entry => entry.Answer is { ToolCalls.Count: 0, Refused: false });
    }

    /// <summary>Whether the newest answer called nothing, so that calls in the words of the next are surely meant.</summary>
    public static bool CalledNothing(IReadOnlyList<TranscriptEntry> entries, string stage) =>
        Answers(entries, stage).LastOrDefault() is { Answer: { ToolCalls.Count: 0, Refused: false, Empty: false } };

    /// <summary>
    /// The mark of a conversation's results in text form. It follows from when the task began, which nothing in its repository knows:
    /// no file can write the end of a result and go on as if it were a person.
    /// </summary>
    public static string ResultKey(IReadOnlyList<TranscriptEntry> entries) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(entries[0].At.UtcTicks.ToString(CultureInfo.InvariantCulture))))[..8];

    private static IEnumerable<AnswerEntry> Answers(IReadOnlyList<TranscriptEntry> entries, string stage) =>
        entries.OfType<AnswerEntry>().Where(entry => entry.Stage == stage);
}
