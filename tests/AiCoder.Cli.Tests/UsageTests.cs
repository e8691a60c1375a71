using System.Text.Json.Nodes;
using AiCoder.Cli.Tests.Infrastructure;

namespace AiCoder.Cli.Tests;

public sealed class UsageTests
{
    [Theory]
    [InlineData("{\"repo_url\": \"https://example.com/a.git\", \"intent\": \"x\", \"brnach\": \"main\"}", "brnach")]
    [InlineData("{\"repo_url\": \"https://example.com/a.git\"}", "intent")]
    [InlineData("{\"repo_url\": \"ftp://example.com/a.git\", \"intent\": \"x\"}", "repo_url")]
    [InlineData("{\"repo_url\": \"https://example.com/a.git\", \"intent\": \"x\", \"task_id\": \"a/b\"}", "task_id")]
    [InlineData("{\"repo_url\": ", "JSON")]
    public async Task A_bad_request_is_refused_with_its_reason_and_nothing_on_standard_output(string request, string said)
    {
        await using var world = await TaskWorld.CreateAsync();

        var run = await world.RunAsync(request);

        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_problem_of_the_configuration_is_listed_at_once_without_a_secret()
    {
        await using var world = await TaskWorld.CreateAsync();
        world.Environment["MAX_ITERATIONS"] = "many";
        world.Environment["SANDBOX"] = "chroot";
        world.Environment["OPENAI_BASE_URL"] = "https://user:hunter2@example.com/v1";

        var run = await world.RunAsync(world.Request("x"));

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("MAX_ITERATIONS", run.Error, StringComparison.Ordinal);
        Assert.Contains("SANDBOX", run.Error, StringComparison.Ordinal);
        Assert.Contains("OPENAI_BASE_URL", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such-command")]
    [InlineData("status")]
    [InlineData("run", "@/no/such/file")]
    [InlineData("run", "not json")]
    [InlineData("resume", "no-such-task")]
    [InlineData("resume")]
    [InlineData("status", "no-such-task")]
    [InlineData("cancel", "no-such-task")]
    [InlineData("diff", "no-such-task")]
    [InlineData("delete", "no-such-task")]
    public async Task A_wrong_command_line_exits_with_2_and_a_sentence(params string[] arguments)
    {
        await using var world = await TaskWorld.CreateAsync();

        var run = await world.RunAsync(arguments);

        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.StartsWith("aicoder: ", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("must be a JSON object", "[]")]
    [InlineData("must be a JSON object", "\"x\"")]
    [InlineData("must be a JSON object", "run", "[]")]
    [InlineData("Unknown option '--bogus'", "run", "--bogus")]
    [InlineData("Unknown option '--bogus'", "resume", "--bogus")]
    [InlineData("Unknown option '--bogus'", "status", "--bogus")]
    public async Task What_is_no_request_and_no_option_is_called_that(string said, params string[] arguments)
    {
        await using var world = await TaskWorld.CreateAsync();

        var run = await world.RunAsync(arguments);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Alone_and_without_a_task_in_the_environment_it_says_how_to_give_one()
    {
        await using var world = await TaskWorld.CreateAsync();

        var run = await world.RunAsync();

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("REPO_URL", run.Error, StringComparison.Ordinal);
        Assert.Contains("TASK_INTENT", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_lists_every_command()
    {
        await using var world = await TaskWorld.CreateAsync();

        var run = await world.RunAsync("--help");

        Assert.Equal(0, run.ExitCode);
        foreach (var command in new[] { "run", "demo", "resume", "status", "list", "cancel", "approve", "message", "diff", "transcript", "delete", "serve", "k8s", "doctor" })
            Assert.Contains($"\n  {command} ", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_finds_a_machine_that_can_run_tasks_well()
    {
        await using var world = await TaskWorld.CreateAsync();
        world.Environment["SANDBOX"] = "none";

        var run = await world.RunAsync("doctor", "--json");

        Assert.True(run.ExitCode == 0, run.Output);
        var levels = JsonNode.Parse(run.Output)!.AsArray().ToDictionary(finding => (string)finding!["name"]!, finding => (string)finding!["level"]!);
        Assert.Equal("ok", levels["git"]);
        Assert.Equal("ok", levels["model"]);
        Assert.Equal("ok", levels["webhook"]);
        Assert.Equal("ok", levels["journal"]);
        Assert.Equal("warn", levels["sandbox"]);
        Assert.Empty(world.Receiver.Deliveries);
        Assert.Empty(world.Model.Requests);
    }

    [Fact]
    public async Task Doctor_puts_every_problem_of_the_configuration_on_a_line_of_its_own()
    {
        await using var world = await TaskWorld.CreateAsync();
        world.Environment["MAX_ITERATIONS"] = "many";
        world.Environment["SANDBOX"] = "chroot";

        var run = await world.RunAsync("doctor");

        Assert.Equal(1, run.ExitCode);
        var lines = run.Output.Split('\n').Select(line => line.Trim()).ToList();
        Assert.Contains(lines, line => line.StartsWith("FAIL", StringComparison.Ordinal) && line.EndsWith("2 problems:", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("- MAX_ITERATIONS", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("- SANDBOX", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Doctor_warns_of_the_default_model_where_OpenAI_itself_is_asked()
    {
        await using var world = await TaskWorld.CreateAsync();
        foreach (var name in new[] { "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL" })
            world.Environment.Remove(name);

        var finding = (await FindingsAsync(world))["configuration"];

        Assert.Equal("warn", (string?)finding["level"]);
        Assert.Contains("OPENAI_MODEL", (string?)finding["mend"], StringComparison.Ordinal);
        world.Environment["OPENAI_MODEL"] = "another";
        Assert.Equal("ok", (string?)(await FindingsAsync(world))["configuration"]["level"]);
    }

    [Fact]
    public async Task Doctor_blames_the_journal_for_nothing_else()
    {
        await using var world = await TaskWorld.CreateAsync();
        world.Environment["SANDBOX"] = "kubernetes";
        world.Environment["SANDBOX_VOLUME_CLAIM"] = "workspace";
        var findings = await FindingsAsync(world);
        Assert.Equal(("ok", "fail"), ((string?)findings["journal"]["level"], (string?)findings["sandbox"]["level"]));
        Assert.Contains("No cluster is configured", (string?)findings["sandbox"]["detail"], StringComparison.Ordinal);

        world.Environment["SANDBOX"] = "none";
        world.Environment["STATE_DIR"] = Path.Combine(world.Home, "state");
        world.Environment["WORKSPACE_DIR"] = "/proc/no/such/place";
        var journal = (await FindingsAsync(world))["journal"];
        Assert.Contains("WORKSPACE_DIR", (string?)journal["detail"], StringComparison.Ordinal);
        Assert.DoesNotContain("STATE_DIR", (string?)journal["mend"], StringComparison.Ordinal);
    }

    private static async Task<IReadOnlyDictionary<string, JsonNode>> FindingsAsync(TaskWorld world)
    {
        var run = await world.RunAsync("doctor", "--json");
        return JsonNode.Parse(run.Output)!.AsArray().ToDictionary(finding => (string)finding!["name"]!, finding => finding!);
    }

    [Fact]
    public async Task Doctor_says_how_to_mend_what_is_wrong()
    {
        await using var world = await TaskWorld.CreateAsync();
        world.Environment["OPENAI_BASE_URL"] = "http://127.0.0.1:1/v1";
        world.Environment["WORKSPACE_DIR"] = "/proc/no/such/place";

        var run = await world.RunAsync("doctor");

        Assert.Equal(1, run.ExitCode);
        var lines = run.Output.Split('\n');
        Assert.Contains(lines, line => line.StartsWith("FAIL", StringComparison.Ordinal) && line.Contains("model", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("FAIL", StringComparison.Ordinal) && line.Contains("workspace", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains("→ ", StringComparison.Ordinal) && line.Contains("OPENAI_BASE_URL", StringComparison.Ordinal));
        Assert.DoesNotContain("test-key-0123456789", run.Output, StringComparison.Ordinal);
    }
}
