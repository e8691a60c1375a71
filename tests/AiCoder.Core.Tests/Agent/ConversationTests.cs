using AiCoder.Core.Agent;
using AiCoder.Core.Models;
using AiCoder.Core.Tasks;
using AiCoder.Demo;
using CsCheck;

namespace AiCoder.Core.Tests.Agent;

public sealed class ConversationTests
{
    private const string Masked = "characters of old output left out";

    // A turn of the model with results of so many characters, words of somebody, or a conversation that had become too long.
    private static readonly Gen<TranscriptEntry[]> Step = Gen.Frequency(
        (8, Gen.Int[0, 30_000].Array[1, 4].Select(lengths => Turn(lengths))),
        (1, Gen.Const<TranscriptEntry[]>([Message("user", MessageSource.Person, "somebody says")])),
        (1, Gen.Const<TranscriptEntry[]>([new ShortenEntry { Stage = Transcript.Coding, Level = 1 }])));

    private static readonly Gen<TranscriptEntry[]> Conversations = Step.Array[1, 60].Select(steps => (TranscriptEntry[])
        [Message("system", MessageSource.Task, "you are"), Message("user", MessageSource.Task, "the task and its plan"), .. steps.SelectMany(step => step)]);

    [Fact]
    public void Between_two_steps_the_conversation_only_grows() => Conversations.Sample(
        entries =>
        {
            var before = Conversation.Build(entries.Take(2), Transcript.Coding);
            for (var count = 3; count <= entries.Length; count++)
            {
                var now = Conversation.Build(entries.Take(count), Transcript.Coding);
                var stepped = Conversation.LastStep(entries.Take(count), Transcript.Coding) == count - 1;
                // Byte for byte what was sent before, unless old output was left out just now.
                if (!stepped && !now.Take(before.Count).Select(Wire).SequenceEqual(before.Select(Wire)))
                    return false;
                before = now;
            }

            return true;
        },
        iter: 200);

    [Fact]
    public void Steps_are_few_and_large_and_what_was_left_out_stays_out() => Conversations.Sample(
        entries =>
        {
            var (steps, output) = (0, 0L);
            IReadOnlyList<ChatMessage> before = [];
            for (var count = 1; count <= entries.Length; count++)
            {
                output += entries[count - 1] is ResultsEntry results ? results.Results.Sum(result => result.Text.Length) : 0;
                steps += Conversation.LastStep(entries.Take(count), Transcript.Coding) == count - 1 ? 1 : 0;
                var now = Conversation.Build(entries.Take(count), Transcript.Coding);
                if (before.Index().Any(message => IsMasked(message.Item) && !IsMasked(now[message.Index])))
                    return false;
                before = now;
            }

            // A step leaves out at least half of the smallest budget, or was asked for.
            var asked = entries.Count(entry => entry is ShortenEntry);
            return steps <= asked + (output / (240_000 >> Math.Min(asked, 10)) * 2) + 1;
        },
        iter: 200);

    [Fact]
    public void Task_and_plan_and_the_newest_output_are_never_left_out_and_the_kept_output_has_a_bound() => Conversations.Sample(
        entries =>
        {
            var messages = Conversation.Build(entries, Transcript.Coding);
            var newest = entries.OfType<ResultsEntry>().LastOrDefault();
            var kept = messages.Where(message => message.Role == "tool").Sum(message => (long)message.Text!.Length);
            return (messages[0].Text, messages[1].Text) == ("you are", "the task and its plan")
                && messages.Count(message => message.Text == "somebody says") == entries.Count(entry => entry is MessageEntry { Source: MessageSource.Person })
                && (newest is null || messages.Where(message => message.Role == "tool").TakeLast(newest.Results.Count).Select(message => message.Text).SequenceEqual(newest.Results.Select(result => result.Text)))
                && kept <= 240_000 + 120_000 + (entries.OfType<ResultsEntry>().Sum(entry => entry.Results.Count) * 200L);
        },
        iter: 200);

    [Fact]
    public void The_plan_is_said_again_after_many_turns_and_after_a_step_and_not_before()
    {
        List<TranscriptEntry> entries = [Message("system", MessageSource.Task, "you are"), Message("user", MessageSource.Task, "plan")];
        for (var turn = 1; turn < PlanReminder.Turns; turn++)
            entries.AddRange(Turn([10]));
        Assert.False(PlanReminder.IsDue(entries));

        entries.Add(Turn([10])[0]);
        Assert.False(PlanReminder.IsDue(entries));
        entries.Add(Turn([10])[1]);
        Assert.True(PlanReminder.IsDue(entries));
        entries.Add(Message("user", MessageSource.Plan, "plan"));
        Assert.False(PlanReminder.IsDue(entries));

        entries.AddRange(Turn([100_000]));
        entries.AddRange(Turn([100_000]));
        Assert.False(PlanReminder.IsDue(entries));
        entries.AddRange(Turn([100_000]));
        Assert.True(PlanReminder.IsDue(entries));
        entries.Add(Message("user", MessageSource.Plan, "plan"));
        entries.AddRange(Turn([10]));
        Assert.False(PlanReminder.IsDue(entries));

        entries.Add(new ShortenEntry { Stage = Transcript.Coding, Level = 1 });
        entries.AddRange(Turn([10]));
        Assert.True(PlanReminder.IsDue(entries));
    }

    [Fact]
    public async Task A_long_task_is_told_its_plan_again_at_the_end_of_what_was_said_before()
    {
        await using var agent = await AgentFixture.CreateAsync();
        // Files of two names by turns of four would be a circle; a new one each time is none.
        agent.Script(request => request.Turn < PlanReminder.Turns + 1 ? AgentFixture.Write($"f{request.Turn}.txt", "x\n") : AgentFixture.Finish());
        agent.Bounds = new() { Turns = 100 };

        var output = await agent.CodeAsync();

        Assert.True(output.Done);
        var (before, with, after) = (agent.Model.Requests[PlanReminder.Turns - 1], agent.Model.Requests[PlanReminder.Turns], agent.Model.Requests[PlanReminder.Turns + 1]);
        Assert.DoesNotContain("the task again", before.AllText, StringComparison.Ordinal);
        Assert.Contains("把加法修好", with.LastText, StringComparison.Ordinal);
        Assert.Contains("return a + b", with.LastText, StringComparison.Ordinal);
        Assert.Equal(before.Messages.Select(message => message.ToJsonString()), with.Messages.Take(before.Messages.Count).Select(message => message.ToJsonString()));
        Assert.Equal(with.Messages.Select(message => message.ToJsonString()), after.Messages.Take(with.Messages.Count).Select(message => message.ToJsonString()));
        Assert.Single(after.Messages, message => ScriptedRequest.TextOf(message).Contains("the task again", StringComparison.Ordinal));
    }

    private static bool IsMasked(ChatMessage message) => message.Text?.Contains(Masked, StringComparison.Ordinal) ?? false;

    private static string Wire(ChatMessage message) =>
        $"{message.Role}|{message.Text}|{message.ToolCallId}|{string.Join(',', message.ToolCalls.Select(call => call.ToString()))}";

    private static MessageEntry Message(string role, MessageSource source, string text) =>
        new() { Stage = Transcript.Coding, Role = role, Source = source, Text = text };

    private static TranscriptEntry[] Turn(int[] lengths) =>
    [
        new AnswerEntry
        {
            Stage = Transcript.Coding,
            Model = "m",
            Answer = new ModelAnswer { Text = "I look", ToolCalls = [.. lengths.Select((_, index) => new ToolCall($"c{index}", "search", "{}"))], Usage = Usage.Zero },
        },
        new ResultsEntry { Stage = Transcript.Coding, Tree = "t", Results = [.. lengths.Select((length, index) => new CallResult($"c{index}", new string('x', length)))] },
    ];
}
