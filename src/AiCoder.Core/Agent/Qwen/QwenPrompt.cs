using System.Globalization;
using System.Text;
using AiCoder.Core.Activities;
using AiCoder.Core.Models;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Agent.Qwen;

/// <summary>What the agent is told at a start: the whole task, and where it goes on with something, what was done so far.</summary>
internal static class QwenPrompt
{
    private const int MostSteps = 60;
    private const int StepLength = 160;
    private const int WordsLength = 1_000;
    private const int MostChanges = 100;

    public static async Task<string> RenderAsync(CodeInput input, CodingRecord record, Workspace workspace, string language, CancellationToken cancellationToken)
    {
        var task = record.Entries.OfType<MessageEntry>().First(entry => entry is { Stage: Transcript.Coding, Source: MessageSource.Task }).Text;
        return Prompt.Render("qwen.v2", ("task", task), ("language", language), ("so_far", await SoFarAsync(input, record, workspace, cancellationToken).ConfigureAwait(false)));
    }

    private static async Task<string> SoFarAsync(CodeInput input, CodingRecord record, Workspace workspace, CancellationToken cancellationToken)
    {
        var coding = record.Entries.Where(entry => entry.Stage == Transcript.Coding).ToList();
        var remarks = Remarks(record);
        if (!coding.OfType<AnswerEntry>().Any() && remarks.Count == 0)
            return "";
        var changes = (await workspace.DiffAsync(input.Source.Tree, record.Tree, cancellationToken).ConfigureAwait(false)).Select(change => change.ToString()).ToList();
        var steps = Steps(coding);
        return "\n" + Prompt.Render(
            "qwen-so-far.v1",
            ("steps", steps.Count == 0 ? "(none)" : string.Join('\n', steps.TakeLast(MostSteps))),
            ("changes", changes.Count == 0 ? "nothing" : string.Join(", ", changes.Take(MostChanges)) + (changes.Count > MostChanges ? ", …" : "")),
            ("remark", string.Join("\n\n", remarks)));
    }

    /// <summary>What it has to mind at this start: a failed validation, people's messages, that nothing has changed.</summary>
    private static List<string> Remarks(CodingRecord record)
    {
        var remarks = record.Iteration.OfType<MessageEntry>()
            .Where(entry => entry.Source is MessageSource.Feedback or MessageSource.Person)
            .Select(entry => entry.Text)
            .ToList();
        if (record.Iteration.LastOrDefault(entry => entry is ResultsEntry or AnswerEntry) is ResultsEntry { NothingChanged: true })
            remarks.Add(Prompt.Render("nothing-changed.v1"));
        return remarks;
    }

    /// <summary>The tools whose results are on record, one line each, and the words beside them.</summary>
    private static List<string> Steps(List<TranscriptEntry> entries)
    {
        var steps = new List<string>();
        ModelAnswer? answer = null;
        foreach (var entry in entries)
        {
            if (entry is AnswerEntry asked)
                answer = asked.Answer;
            if (entry is not ResultsEntry results || answer is null)
                continue;
            if (!string.IsNullOrWhiteSpace(answer.Text))
                steps.Add($"You said: {Line(answer.Text, WordsLength)}");
            foreach (var (call, result) in answer.ToolCalls.Zip(results.Results))
                steps.Add(string.Create(CultureInfo.InvariantCulture, $"- {call.Name} {Line(call.Arguments, StepLength)}{(result.Error ? " (failed)" : "")}"));
            answer = null;
        }

        return steps;
    }

    private static string Line(string text, int length) => TextLimit.Cut(text.ReplaceLineEndings(" ").Trim(), length);
}
