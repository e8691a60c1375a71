using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Demo;
using static AiCoder.Core.Tests.Agent.Misbehaviour.Replies;

namespace AiCoder.Core.Tests.Agent.Misbehaviour;

/// <summary>Answers that call nothing, end too early, repeat themselves or are withheld.</summary>
internal static class AnswerMisbehaviours
{
    private const string NoCall = "You called no tool";
    private const string Empty = "Your answer was empty";
    private const string CutOff = "cut off at the length limit";
    private const string Declined = "Your answer was withheld or declined";
    private static readonly ScriptedReply Look = AgentFixture.Read("README.md");
    private static readonly ScriptedReply Filtered = Say("I was about") with { FinishReason = "content_filter" };
    private static readonly ScriptedReply Refusal = Stream(Delta("""{"refusal":"I can't help with that."}"""), Delta("{}", "stop"));

    public static IReadOnlyList<Misbehaviour> All { get; } =
    [
        // Nothing is called.
        new("words instead of a call", Say("I would change the minus."), Fix, Finish) { Told = NoCall },
        new("words at the end instead of finish", Fix, Say("All done!"), Finish) { Told = NoCall, ToldIn = 3 },
        new("words only", Say("one"), Say("two"), Say("three")) { Ends = FailureCodes.ModelUnusable, Calc = Misbehaviour.Broken, Says = "Its last words: \"three\"", Form = ToolCallForm.Text },
        new("words only after it has worked", Fix, Say("one"), Say("two"), Say("three")) { Ends = FailureCodes.ModelUnusable },
        new("an empty answer", Say(""), Fix, Finish) { Told = Empty },
        new("white space for an answer", Say(" \n\t\n"), Fix, Finish) { Told = Empty },
        new("empty answers only", Say(""), Say(""), Say("")) { Ends = FailureCodes.ModelUnusable, Calc = Misbehaviour.Broken, Says = "empty", Form = ToolCallForm.Text },
        new("reasoning and no answer", new ScriptedReply { Reasoning = "SECRET THOUGHT" }, Fix, Finish) { Told = Empty, NeverSaid = "SECRET THOUGHT" },
        new("reasoning in the text before a call", Fix with { Text = "<think>SECRET THOUGHT</think>I fix it." }, Finish)
        {
            NeverSaid = "SECRET THOUGHT",
            Asked = requests => Assert.Contains("I fix it.", requests[1].AllText, StringComparison.Ordinal),
        },
        new("reasoning without its beginning", Say("SECRET THOUGHT\n</think>\n\nI fix it."), Fix, Finish) { Told = NoCall, NeverSaid = "SECRET THOUGHT" },
        new("reasoning without an end", Say("<think>SECRET THOUGHT and so on"), Fix, Finish) { Told = Empty, NeverSaid = "SECRET THOUGHT" },
        new("reasoning up to the length limit", Say("<think>SECRET THOUGHT and so on") with { FinishReason = "length" }, Fix, Finish) { Told = CutOff, NeverSaid = "SECRET THOUGHT" },

        // The end.
        new("finish before anything changed", Finish, Fix, Finish) { Told = "Nothing changed" },
        new("finish twice though nothing changed", Finish, Finish) { Ends = FailureCodes.NoChanges, Calc = Misbehaviour.Broken },
        new("finish in one answer with a call that failed", ScriptedReply.Calls(
            ("delete_file", new() { ["path"] = "nowhere.txt" }), ("finish", new() { ["summary"] = "done" })), Fix, Finish) { Told = "Not finished" },
        new("calls after finish", ScriptedReply.Calls(
            ("edit_file", new() { ["path"] = "src/calc.py", ["old_text"] = "a - b", ["new_text"] = "a + b" }),
            ("finish", new() { ["summary"] = "done" }),
            ("delete_file", new() { ["path"] = "README.md" })))
        {
            Files = new Dictionary<string, string?> { ["README.md"] = "# Calc\n\nA calculator.\n" },
        },
        new("finish without a summary", Fix, Raw("finish", "{}")),
        new("a change that is taken back before finish", Fix, AgentFixture.Edit("src/calc.py", "a + b", "a - b"), Finish, Fix, Finish) { Told = "Nothing changed", ToldIn = 4 },

        // Circles.
        new("the same call again and again", Look, Look, Look, Look) { Ends = FailureCodes.Stuck, Calc = Misbehaviour.Broken, Told = "You repeat the same step", ToldIn = 4 },
        new("the same error again and again", AgentFixture.Read("no.txt"), AgentFixture.Read("no.txt"), AgentFixture.Read("no.txt")) { Ends = FailureCodes.Stuck, Calc = Misbehaviour.Broken },
        new("two calls in turn without end", Look, AgentFixture.Read("src/calc.py"), Look, AgentFixture.Read("src/calc.py"), Look, AgentFixture.Read("src/calc.py")) { Ends = FailureCodes.Stuck, Calc = Misbehaviour.Broken },
        new("circles that the reminder ends", Look, Look, Look, Fix, Finish) { Told = "You repeat the same step", ToldIn = 4 },
        new("sixty calls in one answer", ScriptedReply.Calls([.. Enumerable.Range(1, 60).Select(number => ("write_file", new System.Text.Json.Nodes.JsonObject { ["path"] = $"f{number}.txt", ["content"] = "x\n" }))]), Fix, Finish)
        {
            Told = "an answer may have 50 calls",
            Files = new Dictionary<string, string?> { ["f50.txt"] = "x\n", ["f51.txt"] = null },
        },

        // The length limit.
        new("a call that is cut off in a text", Raw("write_file", """{"path":"src/calc.py","content":"def add(""") with { FinishReason = "length" }, Fix, Finish) { Told = CutOff },
        new("a call that is cut off before its last bracket", Raw("write_file", """{"path":"src/calc.py","content":"half" """) with { FinishReason = "length" }, Fix, Finish) { Told = CutOff },
        new("a call that is cut off before its arguments", Fix, new ScriptedReply { ToolCalls = [new("finish", "")], FinishReason = "length" }, Finish) { Told = CutOff, ToldIn = 3 },
        new("a second call that is cut off", new ScriptedReply
        {
            ToolCalls = [new("edit_file", """{"path":"src/calc.py","old_text":"a - b","new_text":"a + b"}"""), new("delete_file", """{"path":"READ""")],
            FinishReason = "length",
        }, Finish) { Told = CutOff, Files = new Dictionary<string, string?> { ["README.md"] = "# Calc\n\nA calculator.\n" } },
        new("words that are cut off", Say("I think that") with { FinishReason = "length" }, Fix, Finish) { Told = CutOff },
        new("a limit with another name", Raw("write_file", """{"path":"src/calc.py","content":"x" """) with { FinishReason = "max_tokens" }, Fix, Finish) { Told = CutOff },
        new("answers that are all cut off", [.. Enumerable.Repeat(Say("and so on") with { FinishReason = "length" }, 3)]) { Ends = FailureCodes.ModelUnusable, Calc = Misbehaviour.Broken, Form = ToolCallForm.Text },

        // Refusals.
        new("an answer that a filter withholds once", Filtered, Fix, Finish) { Told = Declined, NeverSaid = "I was about" },
        new("answers that a filter withholds", Filtered, Filtered) { Ends = FailureCodes.ContentRefused, Calc = Misbehaviour.Broken, Says = "Put the intent in other words" },
        new("answers that are withheld and words in turn", Filtered, Say("one"), Filtered, Say("two")) { Ends = FailureCodes.ModelUnusable, Calc = Misbehaviour.Broken },
        new("a filter in another country's words", Say("") with { FinishReason = "sensitive" }, Say("") with { FinishReason = "sensitive" }) { Ends = FailureCodes.ContentRefused, Calc = Misbehaviour.Broken },
        new("a call that a filter broke off", Raw("delete_file", """{"path":"README.md"}""") with { FinishReason = "content_filter" }, Fix, Finish)
        {
            Told = Declined,
            Files = new Dictionary<string, string?> { ["README.md"] = "# Calc\n\nA calculator.\n" },
        },
        new("a model that declines once", Refusal, Fix, Finish) { Told = Declined },
        new("a model that declines", Fix, Refusal, Refusal) { Ends = FailureCodes.ContentRefused, Says = "I can't help with that." },
        new("a filter that refuses the question", ContentFilter(), Fix, Finish) { Told = Declined },
        new("a filter that refuses every question", ContentFilter(), ContentFilter()) { Ends = FailureCodes.ContentRefused, Calc = Misbehaviour.Broken, Says = "content management policy" },
        new("a filter that speaks in the middle of a stream", Stream(Delta("""{"content":"I"}"""), """{"error":{"code":"data_inspection_failed","message":"Output data may contain inappropriate content."}}"""), Fix, Finish) { Told = Declined },
    ];

    private static ScriptedReply ContentFilter() => ScriptedReply.Error(
        400, "The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", "content_filter");
}
