using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Core.Tasks;
using AiCoder.Demo;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Agent;

public sealed class DailyCeilingTests
{
    private const string Plan = """{"summary":"mend it","files":["src/calc.py"],"changes":["return a + b"],"tests":[]}""";

    // Stands still, so that no test runs over a midnight.
    private readonly ManualTime _day = new();

    [Theory]
    // Each call costs 120 tokens, 0.000027 US dollars at the price of gpt-4o-mini.
    [InlineData(400L, null, FailureCodes.LimitTokens, "DAILY_MAX_TOKENS")]
    [InlineData(null, 0.0001, FailureCodes.LimitCost, "DAILY_MAX_COST_USD")]
    public async Task A_daily_ceiling_ends_coding_with_its_code_and_keeps_the_work(long? tokens, double? cost, string code, string variable)
    {
        await using var agent = await AgentFixture.CreateAsync();
        NewProcess(agent, tokens, (decimal?)cost);
        agent.Script(request => request.Turn == 0 ? AgentFixture.Fix() : AgentFixture.Write($"f{request.Turn}.txt", "x\n"));

        var output = await agent.CodeAsync();

        Assert.Equal(code, output.Failure!.Code);
        Assert.Contains("operator's daily ceiling", output.Failure.Message, StringComparison.Ordinal);
        Assert.Contains(variable, output.Failure.Message, StringComparison.Ordinal);
        Assert.Contains($"{_day.GetUtcNow().AddDays(1):yyyy-MM-dd} 00:00 UTC", output.Failure.Message, StringComparison.Ordinal);
        Assert.Equal(3, agent.Model.Requests.Count);
        Assert.Equal(3, output.Usage.Turns);
        Assert.Contains("modified: src/calc.py", output.Changes);
    }

    [Fact]
    public async Task Analysis_counts_too_and_a_further_task_of_another_process_fails_before_its_first_call()
    {
        await using var agent = await AgentFixture.CreateAsync();
        NewProcess(agent, tokens: 120);
        agent.Script(_ => ScriptedReply.Say(Plan));
        Assert.Null((await agent.AnalyzeAsync()).Failure);
        await agent.Store.DeleteAsync(AgentFixture.TaskId, TestContext.Current.CancellationToken);
        NewProcess(agent, tokens: 120);
        await using var other = await AgentFixture.CreateAsync();
        other.Daily = agent.Daily;

        var analysis = await other.AnalyzeAsync();
        var coding = await other.CodeAsync();

        Assert.Equal((FailureCodes.LimitTokens, 0), (analysis.Failure!.Code, analysis.Usage.Turns));
        Assert.Equal(FailureCodes.LimitTokens, coding.Failure!.Code);
        Assert.Empty(other.Model.Requests);
    }

    [Fact]
    public async Task A_ceiling_on_cost_refuses_a_model_without_a_known_price_before_the_first_call()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Spec = agent.Spec with { Model = "house-model" };
        NewProcess(agent, cost: 1);

        var failure = (await Assert.ThrowsAsync<FailureException>(agent.AnalyzeAsync)).Failure;

        Assert.Equal(FailureCodes.Configuration, failure.Code);
        Assert.Contains("MODEL_PRICES", failure.Message, StringComparison.Ordinal);
        Assert.Empty(agent.Model.Requests);
    }

    [Fact]
    public async Task The_operators_price_makes_the_cost_known()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Spec = agent.Spec with { Model = "house-model" };
        agent.Options = agent.Options with { ModelPrices = new Dictionary<string, ModelPrice> { ["house-model"] = new(1_000m, 1_000m, 10_000m) } };
        NewProcess(agent, cost: 0.5m);
        agent.Script(_ => AgentFixture.Fix());

        var output = await agent.CodeAsync();

        // 100 tokens of input at 0.001, and 20 of output at 0.01, are 0.30.
        Assert.Equal(0.3m, output.Usage.CostUsd);
        Assert.Equal(FailureCodes.LimitCost, output.Failure!.Code);
    }

    [Fact]
    public async Task What_a_callers_own_endpoint_says_it_spent_counts_for_nobody()
    {
        await using var agent = await AgentFixture.CreateAsync();
        NewProcess(agent, tokens: 1000);
        var (daily, options) = (agent.Daily!, agent.Options);
        var callers = new ModelEndpoint(ModelEndpointKind.OpenAi, agent.Model.BaseUrl, "house-model", Core.Network.AddressTrust.Caller);
        var operators = callers with { Trust = Core.Network.AddressTrust.Operator };

        await daily.RecordAsync(callers, new Usage { InputTokens = 1_000_000_000 });

        Assert.Null(await daily.CheckAsync(operators, Usage.Zero, TestContext.Current.CancellationToken));
        await daily.RecordAsync(operators, new Usage { InputTokens = 1000 });
        Assert.NotNull(await daily.CheckAsync(operators, Usage.Zero, TestContext.Current.CancellationToken));
        Assert.Null(await daily.CheckAsync(callers, Usage.Zero, TestContext.Current.CancellationToken));
        Assert.True(Directory.Exists(Path.Combine(options.WorkspaceDir, ".usage")));
    }

    private void NewProcess(AgentFixture agent, long? tokens = null, decimal? cost = null)
    {
        agent.Restart();
        agent.Options = agent.Options with { DailyMaxTokens = tokens, DailyMaxCostUsd = cost };
        agent.Daily = new DailyCeilings(agent.Options, new SpendingLedger(agent.Options, _day));
    }
}
