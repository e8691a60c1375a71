using AiCoder.Core.Agent;
using AiCoder.Core.Failures;
using AiCoder.Demo;
using static AiCoder.Core.Tests.Agent.Misbehaviour.Replies;

namespace AiCoder.Core.Tests.Agent.Misbehaviour;

/// <summary>What models do instead of a plan, through the real analysing activity.</summary>
public sealed class PlanMisbehaviours
{
    private const string Plan = """{"summary":"修好加法","files":["src/calc.py"],"changes":["plus for minus"],"tests":["pytest"]}""";
    private const string NoPlan = "That is no valid plan";
    private static readonly ScriptedReply Filtered = Say("") with { FinishReason = "content_filter" };

    private static readonly Dictionary<string, Case> All = new()
    {
        ["words before and after the plan"] = new([Say($"Here it is:\n```json\n{Plan}\n```\nGood luck!")]),
        ["reasoning before the plan"] = new([Say($"<think>What about {{\"summary\": \"SECRET THOUGHT\"}}?</think>\n{Plan}")]),
        ["reasoning with no beginning before the plan"] = new([Say($"What about SECRET THOUGHT?\n</think>\n\n{Plan}")]),
        ["a comma too many in the plan"] = new([Say(Plan.Replace("]}", "],}", StringComparison.Ordinal))]),
        ["the plan as a list of parts"] = new([Stream(Delta("{\"content\":[{\"type\":\"text\",\"text\":" + Quoted(Plan) + "}]}"), Delta("{}", "stop"))]),
        ["the plan at once instead of in a stream"] = new([Say(Plan) with { IgnoreStream = true }]),
        ["no usage with the plan"] = new([Say(Plan) with { Usage = null }]),
        ["an empty answer"] = new([Say(""), Say(Plan)], NoPlan),
        ["a call instead of a plan, though no tool is offered"] = new([AgentFixture.Read("src/calc.py"), Say(Plan)], NoPlan),
        ["words instead of a plan"] = new([Say("I would change the minus."), Say(Plan)], NoPlan),
        ["a plan in other types"] = new([Say("""{"summary":"x","files":"src/calc.py","changes":[],"tests":[]}"""), Say(Plan)], "files"),
        ["a plan that is cut off"] = new([Say(Plan[..40]) with { FinishReason = "length" }, Say(Plan)], NoPlan),
        ["no plan at all"] = new([Say("no"), Say("no"), Say("no")], NoPlan, FailureCodes.PlanInvalid),
        ["a filter that withholds the plan once"] = new([Filtered, Say(Plan)], "withheld or declined"),
        ["a filter that withholds the plan"] = new([Filtered, Filtered], "withheld or declined", FailureCodes.ContentRefused),
        ["a filter and then two bad plans"] = new([Filtered, Say("no"), Say("no"), Say(Plan)], "withheld or declined"),
        ["a key that is refused"] = new([ScriptedReply.Error(401, "bad key")], null, FailureCodes.InvalidToken),
        ["a question that is too long"] = new([ScriptedReply.Error(400, "maximum context length is 10 tokens")], null, FailureCodes.ModelUnusable),
    };

    public static TheoryData<string> Names => [.. All.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Each_has_the_outcome_that_it_must_have(string name)
    {
        var (replies, told, code) = All[name];
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(replies);

        if (code is null)
            Assert.Equal("修好加法", (await agent.AnalyzeAsync()).Plan.Summary);
        else
            Assert.Equal(code, (await Assert.ThrowsAsync<FailureException>(agent.AnalyzeAsync)).Failure.Code);

        var requests = agent.Model.Requests;
        Assert.Equal(replies.Count, requests.Count);
        if (told is not null)
            Assert.Contains(told, requests[1].LastText, StringComparison.Ordinal);
        Assert.All(requests, request => Assert.All(request.Messages, message => Assert.Null(message["tool_calls"])));
        Assert.DoesNotContain((await agent.TranscriptAsync()).OfType<AnswerEntry>(), entry => entry.Answer.Text?.Contains("SECRET THOUGHT", StringComparison.Ordinal) == true);
    }

    private sealed record Case(IReadOnlyList<ScriptedReply> Replies, string? Told = null, string? Code = null);
}
