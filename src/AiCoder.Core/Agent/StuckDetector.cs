using AiCoder.Core.Models;

namespace AiCoder.Core.Agent;

/// <summary>Sees that the model goes round in circles: 4 same steps, 3 same errors, or 6 alternations of two steps.</summary>
internal static class StuckDetector
{
    private const int SameSteps = 4;
    private const int SameErrors = 3;
    private const int Alternations = 6;

    /// <summary>How it stands after the last step of an iteration.</summary>
    /// <param name="entries">The iteration's entries.</param>
    public static StuckState Look(IReadOnlyList<TranscriptEntry> entries)
    {
        var steps = Steps(entries);
        if (steps.Count == 0)
            return StuckState.No;
        var same = Run(steps, (step, index) => step == steps[^1]);
        var alternating = steps.Count >= 2 && steps[^1] != steps[^2] ? Run(steps, (step, index) => step == steps[^(index % 2 + 1)]) : 0;
        var limit = steps[^1].Error ? SameErrors : SameSteps;
        if (same >= limit || alternating >= Alternations)
            return StuckState.Yes;
        return same == limit - 1 || alternating == Alternations - 2 ? StuckState.Nearly : StuckState.No;
    }

    private static List<Step> Steps(IReadOnlyList<TranscriptEntry> entries)
    {
        var steps = new List<Step>();
        ModelAnswer? answer = null;
        foreach (var entry in entries)
        {
            switch (entry)
            {
                case AnswerEntry asked:
                    answer = asked.Answer;
                    break;
                case ResultsEntry results when answer is not null:
                    steps.Add(new(
                        string.Join('\n', answer.ToolCalls.Select(call => $"{call.Name} {call.Arguments}")),
                        string.Join('\n', results.Results.Select(result => result.Text)),
                        results.Results.Any(result => result.Error)));
                    answer = null;
                    break;
                case MessageEntry { Source: MessageSource.Person }:
                    // Somebody stepped in: what went before counts no more.
                    steps.Clear();
                    break;
            }
        }

        return steps;
    }

    /// <summary>How many of the last steps fit, counted from the end.</summary>
    private static int Run(List<Step> steps, Func<Step, int, bool> fits)
    {
        var count = 0;
        while (count < steps.Count && fits(steps[^(count + 1)], count))
            count++;
        return count;
    }

    private sealed record Step(string Calls, string Answers, bool Error);
}

internal enum StuckState
{
    No,

    /// <summary>One more of the same and it is stuck.</summary>
    Nearly,
    Yes,
}
