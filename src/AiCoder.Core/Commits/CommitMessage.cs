using System.Globalization;
using System.Text;
using AiCoder.Core.Activities;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Commits;

/// <summary>
/// The commit's message: <c>AI: &lt;intent&gt;</c>, the whole intent, what changed, how it was validated, what was noticed on
/// the way, and the trailers <c>AiCoder-Task</c> and <c>AiCoder-Model</c>. The same input gives the same text.
/// </summary>
internal static class CommitMessage
{
    private const int FirstLineColumns = 72;
    private const int MostChanges = 50;
    private const int MostNotes = 20;
    private const string Prefix = "AI: ";

    /// <summary>The first line: at most 72 columns, wide characters counted as two.</summary>
    public static string Subject(string intent, int columns = FirstLineColumns) => DisplayWidth.Cut(Prefix + Lines(intent)[0], columns);

    public static string Create(CommitInput input, IReadOnlyList<Change> changes)
    {
        var intent = Clean(input.Spec.Intent);
        var subject = Subject(intent);
        var text = new StringBuilder(subject).Append("\n\n");
        if (subject != Prefix + intent)
            text.Append(intent).Append("\n\n");
        if (!string.IsNullOrWhiteSpace(input.Summary))
            text.Append(Clean(input.Summary)).Append("\n\n");

        text.Append("Changes:\n");
        foreach (var change in changes.Take(MostChanges))
            text.Append("- ").Append(Clean(change.ToString()).ReplaceLineEndings(" ")).Append('\n');
        if (changes.Count > MostChanges)
            text.Append(CultureInfo.InvariantCulture, $"- and {changes.Count - MostChanges} more\n");

        text.Append("\nValidation: ").Append(Clean(ValidationText.Sentence(input.Results)).ReplaceLineEndings(" ")).Append("\n\n");
        if (input.Notes.Count > 0)
        {
            text.Append("Notes:\n");
            foreach (var note in input.Notes.Take(MostNotes))
                text.Append("- ").Append(Clean(note).ReplaceLineEndings(" ")).Append('\n');
            if (input.Notes.Count > MostNotes)
                text.Append(CultureInfo.InvariantCulture, $"- and {input.Notes.Count - MostNotes} more\n");
            text.Append('\n');
        }

        text.Append("AiCoder-Task: ").Append(input.Spec.TaskId).Append('\n');
        text.Append("AiCoder-Model: ").Append(Clean(input.Spec.Model).ReplaceLineEndings(" ")).Append('\n');
        return text.ToString();
    }

    private static string[] Lines(string text) => Clean(text).Split('\n');

    // git ends a message at a NUL, and a terminal obeys other control characters.
    private static string Clean(string text) =>
        string.Concat(text.ReplaceLineEndings("\n").Where(character => character is '\n' or '\t' || !char.IsControl(character))).Trim();
}
