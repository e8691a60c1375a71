using System.Globalization;
using AiCoder.Core.Agent.TextForm;
using AiCoder.Core.Models;

namespace AiCoder.Core.Agent;

/// <summary>
/// The messages for the model, made from the transcript. Old tool output is left out once there is much of it, in large steps: the
/// text before the newest step never changes, so an endpoint's cache of it stays good. The same transcript gives the same messages.
/// </summary>
internal static class Conversation
{
    // Characters of tool output that are kept at most, and after a step; about 60,000 and 20,000 tokens of code.
    private const int Budget = 240_000;
    private const int KeptShare = 3;

    /// <summary>How often a conversation can be shortened before it is given up.</summary>
    public const int MaxLevel = 4;

    /// <summary>The messages of a stage.</summary>
    public static IReadOnlyList<ChatMessage> Build(IEnumerable<TranscriptEntry> entries, string stage)
    {
        var own = entries.Where(entry => entry.Stage == stage).ToList();
        var masked = MaskedResults(own);
        var messages = new List<ChatMessage>();
        foreach (var (index, entry) in own.Index())
        {
            switch (entry)
            {
                case MessageEntry message:
                    messages.Add(new(message.Role, message.Text));
                    break;
                case AnswerEntry { Answer: { Empty: false, Refused: false } } answer:
                    messages.Add(ChatMessage.Assistant(answer.Answer));
                    break;
                case ResultsEntry results:
                    messages.AddRange(results.Results.Select(result =>
                        ChatMessage.Tool(result.CallId, masked.Contains(index) ? Masked(result.Text) : result.Text)));
                    break;
            }
        }

        return messages;
    }

    /// <summary>
    /// The same for an endpoint without tool calls: the tools stand in the first message, calls and their results in the others.
    /// No two messages of one side follow each other, which some models' templates refuse.
    /// </summary>
    public static IReadOnlyList<ChatMessage> BuildText(IReadOnlyList<TranscriptEntry> entries, string stage, IReadOnlyList<ToolDefinition> tools)
    {
        var own = entries.Where(entry => entry.Stage == stage).ToList();
        var key = ToolCallForms.ResultKey(own);
        var masked = MaskedResults(own);
        var messages = new List<ChatMessage>();
        IReadOnlyList<ToolCall> calls = [];
        foreach (var (index, entry) in own.Index())
        {
            switch (entry)
            {
                case MessageEntry { Role: "system" } system:
                    Add("system", $"{system.Text}\n\n{TextToolPrompt.Render(tools, key)}");
                    break;
                case MessageEntry message:
                    Add(message.Role, message.Text);
                    break;
                case AnswerEntry { Answer: { Empty: false, Refused: false } } answer:
                    calls = answer.Answer.ToolCalls;
                    Add("assistant", TextCallWriter.Write(answer.Answer));
                    break;
                case ResultsEntry results:
                    Add("user", string.Join("\n", results.Results.Select(result => TextCallWriter.Write(
                        key, calls.FirstOrDefault(call => call.Id == result.CallId), result, masked.Contains(index) ? Masked(result.Text) : result.Text))));
                    break;
            }
        }

        return messages;

        void Add(string role, string text)
        {
            if (messages.Count > 0 && messages[^1].Role == role)
                messages[^1] = messages[^1] with { Text = $"{messages[^1].Text}\n\n{text}" };
            else
                messages.Add(new(role, text));
        }
    }

    /// <summary>The entry of a stage, counted from 0, at which old output was last left out; -1: it never was.</summary>
    public static int LastStep(IEnumerable<TranscriptEntry> entries, string stage) => Mask([.. entries.Where(entry => entry.Stage == stage)]).LastStep;

    private static HashSet<int> MaskedResults(List<TranscriptEntry> entries) => Mask(entries).Masked;

    private static (HashSet<int> Masked, int LastStep) Mask(List<TranscriptEntry> entries)
    {
        var masked = new HashSet<int>();
        var lastStep = -1;
        var kept = new Queue<(int Index, int Length)>();
        var total = 0;
        var budget = Budget;
        foreach (var (index, entry) in entries.Index())
        {
            if (entry is ShortenEntry)
            {
                budget /= 2;
                Shrink(index, budget / KeptShare);
            }

            if (entry is not ResultsEntry results)
                continue;
            var length = results.Results.Sum(result => result.Text.Length);
            kept.Enqueue((index, length));
            total += length;
            if (total > budget)
                Shrink(index, budget / KeptShare);
        }

        return (masked, lastStep);

        void Shrink(int step, int target)
        {
            // The newest stays: the model has not seen it yet.
            while (kept.Count > 1 && total > target)
            {
                var (index, length) = kept.Dequeue();
                lastStep = step;
                masked.Add(index);
                total -= length;
            }
        }
    }

    // Short answers cost less than the note that they are gone.
    private static string Masked(string text) => text.Length <= 200
        ? text
        : string.Create(CultureInfo.InvariantCulture, $"[{text.Length} characters of old output left out; call the tool again if you need it]");
}
