using AiCoder.Core.Agent;
using AiCoder.Core.Failures;
using AiCoder.Demo;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Agent;

public sealed class AnalyzeActivityTests
{
    private const string Plan = """{"summary":"修好加法","files":["src/calc.py"],"changes":["把减号改成加号"],"tests":["python -m pytest"]}""";

    [Fact]
    public async Task The_plan_is_what_the_model_answers_in_the_intents_language()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(ScriptedReply.Say(Plan));

        var output = await agent.AnalyzeAsync();

        Assert.Equal("修好加法", output.Plan.Summary);
        Assert.Equal(["src/calc.py"], output.Plan.Files);
        Assert.Equal(1, output.Usage.Turns);
        var request = agent.Model.Requests[0];
        Assert.Empty(request.Tools);
        Assert.True(request.BodyBytes <= 10 * 1024, $"{request.BodyBytes} bytes");
        Assert.Contains("把加法修好", request.LastText, StringComparison.Ordinal);
        Assert.Contains("Python (2)", request.LastText, StringComparison.Ordinal);
        Assert.Contains("test_calc.py", request.LastText, StringComparison.Ordinal);
        Assert.Contains("A calculator.", request.LastText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Here it is:\n```json\n{0}\n```\nGood luck {braces}!")]
    [InlineData("{oops} {0}")]
    [InlineData("{0}")]
    public async Task Words_around_the_plan_do_no_harm(string form)
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(ScriptedReply.Say(form.Replace("{0}", Plan, StringComparison.Ordinal)));

        Assert.Equal("修好加法", (await agent.AnalyzeAsync()).Plan.Summary);
    }

    [Fact]
    public async Task Escapes_hide_no_secret_in_the_plan()
    {
        await using var agent = await AgentFixture.CreateAsync();
        var escaped = string.Concat(agent.Options.ApiKey!.Select(letter => $"\\u{(int)letter:x4}"));
        agent.Script(ScriptedReply.Say(Plan.Replace("把减号", escaped, StringComparison.Ordinal)));

        Assert.Equal(["[redacted]改成加号"], (await agent.AnalyzeAsync()).Plan.Changes);
    }

    [Fact]
    public async Task Nonsense_of_braces_is_given_up_soon()
    {
        var (plan, problem) = await PlanReader.ReadAsync(new string('{', 2_000_000), TestContext.Current.CancellationToken).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

        Assert.Null(plan);
        Assert.Equal("there is no JSON object in it", problem);
    }

    [Theory]
    [InlineData("")]
    [InlineData("I think we should fix it.")]
    [InlineData("""{"summary":"x","files":"src/calc.py","changes":[],"tests":[]}""")]
    [InlineData("""{"summary":"x","files":[]}""")]
    public async Task A_bad_plan_is_asked_for_again(string bad)
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(ScriptedReply.Say(bad), ScriptedReply.Say(Plan));

        var output = await agent.AnalyzeAsync();

        Assert.Equal(2, output.Usage.Turns);
        Assert.Contains("That is no valid plan", agent.Model.Requests[1].LastText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Three_bad_plans_are_a_failure()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(_ => ScriptedReply.Say("no"));

        var output = await agent.AnalyzeAsync();

        Assert.Equal(FailureCodes.PlanInvalid, output.Failure!.Code);
        Assert.Equal(3, agent.Model.Requests.Count);
        Assert.Equal(3, output.Usage.Turns);
    }

    [Fact]
    public async Task A_plan_that_is_there_is_not_paid_twice()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(ScriptedReply.Say("no"), ScriptedReply.Say(Plan));
        var first = await agent.AnalyzeAsync();
        agent.Restart();

        var second = await agent.AnalyzeAsync();

        Assert.Equal(first.Usage, second.Usage);
        Assert.Equal(first.Plan.Summary, second.Plan.Summary);
        Assert.Equal(2, agent.Model.Requests.Count);
    }

    [Fact]
    public async Task A_failure_that_passes_goes_up_and_the_next_run_goes_on()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(ScriptedReply.Say("no"), ScriptedReply.Error(503, "busy", retryAfter: "2"), ScriptedReply.Say(Plan));

        var exception = await Assert.ThrowsAsync<FailureException>(agent.AnalyzeAsync);
        var output = await agent.AnalyzeAsync();

        Assert.Equal((FailureCodes.ServerError, 2d), (exception.Failure.Code, exception.Failure.RetryAfter!.Value));
        Assert.Equal(2, output.Usage.Turns);
    }

    [Fact]
    public async Task Coding_after_analysis_is_a_conversation_of_its_own()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(ScriptedReply.Say(Plan), AgentFixture.Fix(), AgentFixture.Finish());
        await agent.AnalyzeAsync();

        var output = await agent.CodeAsync();

        Assert.Equal(2, output.Usage.Turns);
        Assert.Equal(2, agent.Model.Requests[1].Messages.Count);
        Assert.Equal(["analyzing", "coding"], (await agent.TranscriptAsync()).Select(entry => entry.Stage).Distinct());
    }

    [Fact]
    public async Task A_large_repository_is_shown_within_the_budget_with_what_the_task_names()
    {
        var repository = new GitRepositoryBuilder().With("README.md", new string('r', 50_000));
        for (var folder = 0; folder < 60; folder++)
        {
            for (var file = 0; file < 30; file++)
                repository.With($"packages/module-{folder}/src/File{folder}x{file}.ts", "x");
        }

        repository.With("packages/module-7/src/deep/er/still/PaymentGateway.ts", "x").With("数据/用户.csv", "x");
        await using var agent = await AgentFixture.CreateAsync(repository);
        agent.Spec = agent.Spec with { Intent = "修复 PaymentGateway 的超时" };
        agent.Script(ScriptedReply.Say(Plan));

        await agent.AnalyzeAsync();

        var text = agent.Model.Requests[0].LastText;
        Assert.InRange(text.Length, 1_000, 14_000);
        Assert.Contains("packages/module-7/src/deep/er/still/PaymentGateway.ts", text, StringComparison.Ordinal);
        Assert.Contains("module-59/", text, StringComparison.Ordinal);
        Assert.Contains("用户.csv", text, StringComparison.Ordinal);
        Assert.Contains("1803 files; languages: TypeScript (1801).", text, StringComparison.Ordinal);
    }
}
