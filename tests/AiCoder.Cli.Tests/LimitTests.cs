using System.Text.Json.Nodes;
using AiCoder.Cli.Tests.Infrastructure;
using AiCoder.Demo;
using AiCoder.Testing.Processes;

namespace AiCoder.Cli.Tests;

/// <summary>Each limit ends a task with its own code; what was done and what it cost can be read, and nothing is pushed.</summary>
public sealed class LimitTests
{
    private const string TaskId = "limited";

    private const string ShortTime = """{"max_minutes": 0.3}""";
    private const string LongTime = """{"max_minutes": 5}""";

    // 100 tokens of input at 0.001 US dollars, and 20 of output at 0.01, make 0.30 a call.
    private const string Prices = """{"scripted-model": {"input": 1000, "output": 10000}}""";

    public static TheoryData<string, string, string?, string> Limits => new()
    {
        { """{"max_tokens": 500}""", "code/limit_tokens", null, "limits.max_tokens" },
        { """{"max_cost_usd": 1.0}""", "code/limit_cost", null, "limits.max_cost_usd" },
        { """{"max_turns": 3}""", "code/limit_turns", null, "limits.max_turns" },
        { ShortTime, "code/limit_time", null, "limits.max_minutes" },
        { "{}", "code/stuck", null, "repeated the same steps" },
        { "{}", "code/limit_tokens", "DAILY_MAX_TOKENS=500", "operator's daily ceiling" },
        { "{}", "code/limit_cost", "DAILY_MAX_COST_USD=1.0", "operator's daily ceiling" },
    };

    [Theory]
    [MemberData(nameof(Limits))]
    public async Task Each_limit_ends_the_task_with_its_code_its_cost_and_a_patch(string limits, string code, string? variable, string reason)
    {
        var (world, run) = await RunAsync(limits, code, variable);
        await using var disposing = world;
        var diff = await world.RunAsync("diff", TaskId);
        var text = await world.RunAsync("status", TaskId);
        var json = JsonNode.Parse((await world.RunAsync("status", TaskId, "--json")).Output)!;

        Assert.True(run.ExitCode == 1, run.Error + run.Output);
        Assert.Equal(("failed", code), ((string?)run.Result["status"], run.ErrorCode));
        Assert.Contains(reason, (string?)run.Result["error"]!["message"], StringComparison.Ordinal);
        Assert.False((bool?)run.Result["push_result"]!["pushed"]);
        Assert.Equal("main", await world.GitAsync("for-each-ref", "--format=%(refname:short)"));
        Assert.Contains("modified: price.sh", run.Result["changes"]!.AsArray().Select(change => (string?)change));

        Assert.True(diff.ExitCode == 0, diff.Error);
        Assert.Contains("+    if [ \"$1\" -ge 100 ]; then", diff.Output, StringComparison.Ordinal);

        var usage = run.Result["usage"]!;
        var answered = world.Model.Requests.Count - (code == "code/limit_time" ? 1 : 0);
        Assert.Equal((answered, answered * 120L, answered * 0.3m), ((int)usage["turns"]!, (long)usage["total_tokens"]!, (decimal)usage["cost_usd"]!));
        Assert.Equal((1, answered - 1), ((int)usage["by_stage"]!["analyzing"]!["turns"]!, (int)usage["by_stage"]!["coding"]!["turns"]!));
        Assert.Equal(usage.ToJsonString(), json["usage"]!.ToJsonString());
        Assert.Equal(usage.ToJsonString(), json["result"]!["usage"]!.ToJsonString());
        Assert.Contains($"{answered} turns · {answered * 120} tokens · ${answered * 0.3m:0.0000}", text.Output, StringComparison.Ordinal);

        var events = world.Receiver.Deliveries;
        Assert.Equal(0.3m, (decimal)events.First(one => one.Status == "coding").Json["data"]!["usage"]!["cost_usd"]!);
        Assert.Equal(usage.ToJsonString(), events[^1].Json["data"]!["usage"]!.ToJsonString());
        Assert.Null(events[0].Json["data"]!["usage"]);
    }

    [Fact]
    public async Task A_task_after_the_daily_ceiling_fails_before_its_first_call_although_the_one_before_was_deleted()
    {
        await using var world = await TaskWorld.CreateAsync();
        world.Environment["DAILY_MAX_TOKENS"] = "600";
        await MidnightIsFarAsync();
        var first = await world.RunAsync(world.Request("first"));
        Assert.True(first.ExitCode == 0, first.Error + first.Output);
        Assert.Equal(0, (await world.RunAsync("delete", "first")).ExitCode);
        var asked = world.Model.Requests.Count;

        var second = await world.RunAsync(world.Request("second"));

        Assert.Equal(("code/limit_tokens", asked), (second.ErrorCode, world.Model.Requests.Count));
        var message = (string?)second.Result["error"]!["message"];
        Assert.Contains("600 tokens (DAILY_MAX_TOKENS)", message, StringComparison.Ordinal);
        Assert.Matches(@"begins anew at \d{4}-\d\d-\d\d 00:00 UTC", message);
        world.Environment["DAILY_MAX_TOKENS"] = "6000";
        Assert.Equal(0, (await world.RunAsync(world.Request("third"))).ExitCode);
    }

    [Theory]
    [InlineData("DAILY_MAX_COST_USD", null)]
    [InlineData(null, """{"max_cost_usd": 1}""")]
    public async Task A_bound_on_cost_with_an_unknown_price_is_refused_before_the_first_call(string? variable, string? limits)
    {
        await using var world = await TaskWorld.CreateAsync();
        if (variable is not null)
            world.Environment[variable] = "5";

        var run = await world.RunAsync(world.Request("unpriced", limits is null ? null : new { limits = JsonNode.Parse(limits) }));

        Assert.Equal("system/configuration", run.ErrorCode);
        Assert.Contains("MODEL_PRICES", (string?)run.Result["error"]!["message"], StringComparison.Ordinal);
        Assert.Empty(world.Model.Requests);
        world.Environment["MODEL_PRICES"] = Prices;
        var again = await world.RunAsync(world.Request("priced", limits is null ? null : new { limits = new { max_cost_usd = 5 } }));
        Assert.True(again.ExitCode == 0, again.Error + again.Output);
        Assert.Equal(1.5m, (decimal)again.Result["usage"]!["cost_usd"]!);
    }

    [Fact]
    public async Task A_price_table_that_is_wrong_is_a_usage_error_that_lists_every_problem()
    {
        await using var world = await TaskWorld.CreateAsync();
        world.Environment["MODEL_PRICES"] = """{"a": {"input": -1, "output": 1}, "b": {"input": 1}}""";
        world.Environment["DAILY_MAX_TOKENS"] = "0";

        var run = await world.RunAsync(world.Request("mispriced"));

        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        foreach (var part in new[] { "'a' has the input price -1", "'b' has no 'output'", "DAILY_MAX_TOKENS is '0'" })
            Assert.Contains(part, run.Error, StringComparison.Ordinal);
    }

    /// <summary>A task that makes its change, and goes on until a limit ends it.</summary>
    private static async Task<(TaskWorld World, AiCoderRun Run)> RunAsync(string limits, string code, string? variable)
    {
        var plan = DemoScript.For(DemoProject.Shell);
        var world = await TaskWorld.CreateAsync(script: request => (request.Tools.Count, request.Turn) switch
        {
            (0, _) => plan(request),
            (_, 0) => DemoScript.Code(DemoProject.Shell, 1),
            (_, > 1) when code == "code/limit_time" => ScriptedReply.Say("…") with { Fault = ScriptedFault.StallInStream },
            (_, _) when code == "code/stuck" => DemoScript.Code(DemoProject.Shell, 0),
            _ => ScriptedReply.Call("write_file", new() { ["path"] = $"notes-{request.Turn}.txt", ["content"] = "more\n" }),
        });
        world.Environment["MODEL_PRICES"] = Prices;
        if (variable?.Split('=') is [var name, var value])
        {
            world.Environment[name] = value;
            await MidnightIsFarAsync();
        }

        var run = await world.RunAsync(world.Request(TaskId, new { limits = JsonNode.Parse(limits) }));
        if (limits != ShortTime || world.Model.Requests.Any(request => request.Turn > 1))
            return (world, run);
        // The machine is so slow that the time was over before the model fell silent.
        await world.DisposeAsync();
        return await RunAsync(LongTime, code, variable);
    }

    // A day's ceiling begins anew there.
    private static async Task MidnightIsFarAsync()
    {
        while (DateTime.UtcNow.TimeOfDay > TimeSpan.FromDays(1) - TimeSpan.FromMinutes(5))
            await Task.Delay(TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
    }
}
