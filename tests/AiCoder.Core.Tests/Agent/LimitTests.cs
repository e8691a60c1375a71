using AiCoder.Core.Agent;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Demo;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Agent;

public sealed class LimitTests
{
    public static TheoryData<TaskLimits, string, int> Limits => new()
    {
        { new TaskLimits { MaxTurns = 2 }, FailureCodes.LimitTurns, 2 },
        // Each call costs 120 tokens, and the next would cost at least its 100 of input.
        { new TaskLimits { MaxTokens = 400 }, FailureCodes.LimitTokens, 3 },
        { new TaskLimits { MaxTokens = 100 }, FailureCodes.LimitTokens, 1 },
        { new TaskLimits { MaxCostUsd = 0.0001m }, FailureCodes.LimitCost, 3 },
    };

    [Theory]
    [MemberData(nameof(Limits))]
    public async Task Each_limit_ends_coding_with_its_code_and_keeps_the_work(TaskLimits limits, string code, int calls)
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Spec = agent.Spec with { Limits = limits };
        agent.Script(request => request.Turn == 0 ? AgentFixture.Fix() : AgentFixture.Write($"f{request.Turn}.txt", "x\n"));

        var output = await agent.CodeAsync();

        Assert.Equal(code, output.Failure!.Code);
        Assert.Equal(calls, agent.Model.Requests.Count);
        Assert.Contains("modified: src/calc.py", output.Changes);
        Assert.Equal(calls, output.Usage.Turns);
    }

    [Fact]
    public void A_task_ends_after_a_hundred_turns_where_nothing_else_is_said()
    {
        var limits = new SpendingLimits(new());

        Assert.Null(limits.Exceeded(Usage.Zero, new() { Turns = 99 }, Usage.Zero));
        Assert.Equal(FailureCodes.LimitTurns, limits.Exceeded(Usage.Zero, new() { Turns = 100 }, Usage.Zero)!.Code);
    }

    [Fact]
    public async Task A_cost_limit_for_a_model_without_a_known_price_fails_before_the_first_call()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Spec = agent.Spec with { Model = "house-model", Limits = new() { MaxCostUsd = 1 } };

        var exception = await Assert.ThrowsAsync<FailureException>(() => agent.CodeAsync());

        Assert.Equal(FailureCodes.Configuration, exception.Failure.Code);
        Assert.Empty(agent.Model.Requests);
    }

    [Fact]
    public async Task The_deadline_ends_a_call_in_flight_and_keeps_the_work()
    {
        var time = new ManualTime();
        await using var agent = await AgentFixture.CreateAsync();
        agent.Time = time;
        agent.Script(request =>
        {
            if (request.Turn == 0)
                return AgentFixture.Fix();
            time.Advance(TimeSpan.FromMinutes(1));
            return AgentFixture.Finish() with { Fault = ScriptedFault.StallBeforeHeaders };
        });

        var output = await agent.CodeAsync(deadline: time.GetUtcNow().UtcDateTime.AddMinutes(1));

        Assert.Equal(FailureCodes.LimitTime, output.Failure!.Code);
        Assert.Equal(["modified: src/calc.py"], output.Changes);
    }

    [Fact]
    public async Task A_deadline_that_has_passed_asks_nothing()
    {
        await using var agent = await AgentFixture.CreateAsync();

        var output = await agent.CodeAsync(deadline: DateTime.UtcNow.AddSeconds(-1));

        Assert.Equal(FailureCodes.LimitTime, output.Failure!.Code);
        Assert.Empty(agent.Model.Requests);
    }

    [Fact]
    public async Task Four_same_steps_are_stuck_and_the_third_is_warned()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(_ => AgentFixture.Read("README.md"));

        var output = await agent.CodeAsync();

        Assert.Equal(FailureCodes.Stuck, output.Failure!.Code);
        Assert.Equal(4, agent.Model.Requests.Count);
        Assert.Contains("You repeat the same step", agent.Model.Requests[3].LastText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Three_same_errors_are_stuck()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(_ => AgentFixture.Edit("src/calc.py", "no such text at all", "x"));

        Assert.Equal(FailureCodes.Stuck, (await agent.CodeAsync()).Failure!.Code);
        Assert.Equal(3, agent.Model.Requests.Count);
    }

    [Fact]
    public async Task Six_alternations_are_stuck()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(request => AgentFixture.Read(request.Turn % 2 == 0 ? "README.md" : "src/calc.py"));

        Assert.Equal(FailureCodes.Stuck, (await agent.CodeAsync()).Failure!.Code);
        Assert.Equal(6, agent.Model.Requests.Count);
    }

    [Fact]
    public async Task The_same_command_between_different_edits_is_not_stuck()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Bounds = new() { Turns = 100 };
        agent.Script(request => request.Turn switch
        {
            12 => AgentFixture.Finish(),
            var turn when turn % 2 == 0 => AgentFixture.Run("false"),
            var turn => AgentFixture.Write("n.txt", $"{turn}\n"),
        });

        Assert.True((await agent.CodeAsync()).Done);
    }

    [Fact]
    public async Task A_conversation_that_is_too_long_is_shortened_and_goes_on()
    {
        await using var agent = await AgentFixture.CreateAsync(AgentFixture.SmallRepository().With("long.txt", string.Concat(Enumerable.Range(0, 700).Select(line => $"line {line} of a long file, with more words in it\n"))));
        agent.Script(request => request.Turn switch
        {
            0 => AgentFixture.Read("long.txt"),
            1 => AgentFixture.Fix(),
            2 => AgentFixture.Read("long.txt"),
            3 when request.BodyBytes > 60_000 => ScriptedReply.Error(400, "maximum context length is 20000 tokens"),
            _ => AgentFixture.Finish(),
        });

        var output = await agent.CodeAsync();

        Assert.True(output.Done);
        Assert.Contains(agent.Model.Requests[^1].Messages, message => ScriptedRequest.TextOf(message).Contains("characters of old output left out", StringComparison.Ordinal));
        // The newest output is still there: the model has not seen it yet.
        Assert.Contains("line 500", ScriptedRequest.TextOf(agent.Model.Requests[^1].Messages[^2]), StringComparison.Ordinal);
        // And what it is all for is said again.
        Assert.Contains("the task again:\n\n把加法修好", agent.Model.Requests[^1].LastText, StringComparison.Ordinal);
        Assert.Equal(4, output.Usage.Turns);
    }

    [Fact]
    public async Task A_conversation_that_can_not_be_made_short_enough_is_given_up()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(_ => ScriptedReply.Error(400, "maximum context length is 10 tokens"));

        var output = await agent.CodeAsync();

        Assert.Equal(FailureCodes.ModelUnusable, output.Failure!.Code);
        Assert.Equal(5, agent.Model.Requests.Count);
    }

    [Fact]
    public async Task A_refused_key_ends_coding_and_keeps_the_work()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(AgentFixture.Fix(), ScriptedReply.Error(401, "bad key"));

        var output = await agent.CodeAsync();

        Assert.Equal(FailureCodes.InvalidToken, output.Failure!.Code);
        Assert.Equal(["modified: src/calc.py"], output.Changes);
    }
}
