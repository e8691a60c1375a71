using AiCoder.Cli.Tests.Infrastructure;
using AiCoder.Demo;
using AiCoder.Testing;
using AiCoder.Testing.Tasks;

namespace AiCoder.Cli.Tests.Qwen;

/// <summary>How the real Qwen Code's failures, limits and silences become ours.</summary>
public sealed class QwenFailureTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_the_agent_the_request_is_refused_before_anything_is_done()
    {
        await using var world = await TaskWorld.CreateAsync();

        var run = await world.RunAsync(world.Request("none", new { engine = "qwen" }));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("QWEN_CODE_DIR", run.Error, StringComparison.Ordinal);
        Assert.Empty(world.Model.Requests);
    }

    [Fact]
    public async Task An_agent_of_another_version_fails_the_task_before_the_first_model_call_and_says_what_to_install()
    {
        await using var world = await TaskWorld.CreateAsync();
        var package = Directory.CreateDirectory(Path.Combine(world.Home, "old/node_modules/@qwen-code/qwen-code")).FullName;
        await File.WriteAllTextAsync(Path.Combine(package, "cli.js"), "", Cancel);
        await File.WriteAllTextAsync(Path.Combine(package, "package.json"), """{"version":"0.9.0"}""", Cancel);
        world.Environment["QWEN_CODE_DIR"] = Path.Combine(world.Home, "old");

        var run = await world.RunAsync(world.Request("old", new { engine = "qwen" }));

        Assert.Equal(1, run.ExitCode);
        Assert.Equal("engine_unavailable", (string?)run.Result["error"]!["code"]);
        Assert.Contains("npm install", (string?)run.Result["error"]!["message"], StringComparison.Ordinal);
        Assert.Empty(world.Model.Requests);
    }

    [Fact]
    public async Task An_agent_that_does_not_start_is_told_apart_from_a_model_that_fails()
    {
        Assert.SkipWhen(QwenCode.Folder is null, QwenCode.Missing);
        await using var world = await TaskWorld.CreateAsync();
        var package = Directory.CreateDirectory(Path.Combine(world.Home, "broken/node_modules/@qwen-code/qwen-code")).FullName;
        await File.WriteAllTextAsync(Path.Combine(package, "cli.js"), "console.error('no such module'); process.exit(1)\n", Cancel);
        await File.WriteAllTextAsync(Path.Combine(package, "package.json"), """{"version":"0.24.4"}""", Cancel);
        world.Environment["QWEN_CODE_DIR"] = Path.Combine(world.Home, "broken");

        var run = await world.RunAsync(world.Request("broken", new { engine = "qwen" }));

        Assert.Equal("engine_unavailable", (string?)run.Result["error"]!["code"]);
        Assert.Contains("no such module", (string?)run.Result["error"]!["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"max_turns": 2}""", "limit_turns")]
    [InlineData("""{"max_tokens": 400}""", "limit_tokens")]
    public async Task A_limit_ends_the_agent_and_keeps_what_was_done(string limits, string code)
    {
        await using var world = await QwenEngineTests.CreateAsync();

        var run = await world.RunAsync(world.Request("limited", new { engine = "qwen", limits = System.Text.Json.JsonDocument.Parse(limits).RootElement }));

        Assert.Equal(1, run.ExitCode);
        Assert.Equal(code, (string?)run.Result["error"]!["code"]);
        Assert.Contains("-ge 100", (await world.RunAsync("diff", "limited")).Output, StringComparison.Ordinal);
        Assert.Equal(0, world.PushesOf("ai/limited"));
        Assert.Equal(2, (int?)run.Result["usage"]!["by_stage"]!["coding"]!["turns"]);
        Assert.Equal(2, world.Model.Requests.Count(QwenScript.IsQwen));
    }

    [Fact]
    public async Task An_overloaded_model_is_waited_for_without_the_agent_noticing()
    {
        var refused = 0;
        await using var world = await QwenEngineTests.CreateAsync(request =>
            QwenScript.IsQwen(request) && request.Turn == 1 && Interlocked.Increment(ref refused) <= 2
                ? ScriptedReply.Error(429, retryAfter: "1")
                : QwenScript.For(DemoProject.Shell)(request));

        var run = await world.RunAsync(world.Request("patient", new { engine = "qwen" }));

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Equal(3, refused);
        // A plan, four turns, two refusals.
        Assert.Equal(7, world.Model.Requests.Count);
    }

    [Fact]
    public async Task A_wait_that_the_task_has_no_time_for_ends_it_at_once()
    {
        await using var world = await QwenEngineTests.CreateAsync(request => QwenScript.IsQwen(request) ? ScriptedReply.Error(429, retryAfter: "500") : DemoScript.For(DemoProject.Shell)(request));

        var run = await world.RunAsync(world.Request("hurried", new { engine = "qwen", limits = new { max_minutes = 3 } }));

        Assert.True((string?)run.Result["error"]!["code"] == "limit_time", run.Error);
        Assert.Single(world.Model.Requests, QwenScript.IsQwen);
    }

    [Fact]
    public async Task A_refused_key_ends_the_task_after_one_call()
    {
        await using var world = await QwenEngineTests.CreateAsync(request =>
            QwenScript.IsQwen(request) ? ScriptedReply.Error(401, "wrong key") : DemoScript.For(DemoProject.Shell)(request));

        var run = await world.RunAsync(world.Request("refused", new { engine = "qwen" }));

        Assert.Equal("invalid_token", (string?)run.Result["error"]!["code"]);
        Assert.Single(world.Model.Requests, QwenScript.IsQwen);
    }

    [Fact]
    public async Task An_agent_that_changes_nothing_is_asked_once_more_and_then_the_task_ends()
    {
        await using var world = await QwenEngineTests.CreateAsync(request =>
            QwenScript.IsQwen(request) ? ScriptedReply.Say("There is nothing to do.") : DemoScript.For(DemoProject.Shell)(request));

        var run = await world.RunAsync(world.Request("idle", new { engine = "qwen" }));

        Assert.Equal("no_changes", (string?)run.Result["error"]!["code"]);
        var questions = world.Model.Requests.Where(QwenScript.IsQwen).ToList();
        Assert.Equal(2, questions.Count);
        Assert.Contains("Nothing changed", questions[1].AllText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failed_validation_starts_the_agent_again_with_its_report()
    {
        await using var world = await QwenEngineTests.CreateAsync(request => !QwenScript.IsQwen(request)
            ? DemoScript.For(DemoProject.Shell)(request)
            : request.AllText.Contains("it failed", StringComparison.Ordinal)
                ? request.Turn == 0 ? QwenScript.Shell("sed -i -e s/-gt/-ge/ -e s/WRONG/right/ price.sh") : ScriptedReply.Say("mended")
                : request.Turn == 0 ? QwenScript.Shell("echo '# WRONG' >> price.sh") : ScriptedReply.Say("done"));

        var run = await world.RunAsync(world.Request("again", new { engine = "qwen", max_iterations = 2, validation = new { commands = new[] { "! grep WRONG price.sh" } } }));

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Equal(2, (int?)run.Result["iterations"]);
        var second = world.Model.Requests.First(request => request.AllText.Contains("it failed", StringComparison.Ordinal));
        Assert.Contains("grep WRONG", second.AllText, StringComparison.Ordinal);
        Assert.Contains("modified: price.sh", second.AllText, StringComparison.Ordinal);
        // On the first round's tree.
        Assert.Contains("# right", await world.GitAsync("show", "ai/again:price.sh"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_goes_round_in_circles_ends_the_task_as_stuck()
    {
        await using var world = await QwenEngineTests.CreateAsync(QwenScript.For(DemoProject.Shell, _ => QwenScript.Shell("cat price.sh")));

        var run = await world.RunAsync(world.Request("circles", new { engine = "qwen" }));

        Assert.True((string?)run.Result["error"]!["code"] == "stuck", run.Error);
        Assert.InRange(world.Model.Requests.Count(QwenScript.IsQwen), 4, 6);
    }
}
