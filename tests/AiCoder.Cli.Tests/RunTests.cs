using AiCoder.Cli.Tests.Infrastructure;
using AiCoder.Testing.Processes;

namespace AiCoder.Cli.Tests;

public sealed class RunTests
{
    [Fact]
    public async Task A_task_as_an_argument_ends_with_its_commit_on_the_server()
    {
        await using var world = await TaskWorld.CreateAsync();

        var run = await world.RunAsync(world.Request("arg-1"));

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Equal("completed", (string?)run.Result["status"]);
        Assert.Equal("ai/arg-1", (string?)run.Result["branch"]);
        Assert.Equal("passed", (string?)run.Result["test_results"]!["verdict"]);
        Assert.Equal(["modified: price.sh"], run.Result["changes"]!.AsArray().Select(change => (string?)change));
        Assert.Equal(await world.HeadOfAsync("ai/arg-1"), (string?)run.Result["commit_hash"]);
        Assert.Contains("-ge 100", await world.GitAsync("show", "ai/arg-1:price.sh"), StringComparison.Ordinal);
        Assert.Equal(1, world.PushesOf("ai/arg-1"));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("stdin")]
    [InlineData("environment")]
    [InlineData("run without argument")]
    public async Task A_task_comes_from_everywhere_the_usage_says(string source)
    {
        await using var world = await TaskWorld.CreateAsync();
        var request = world.Request("from-anywhere");
        var file = Path.Combine(world.Home, "task.json");
        await File.WriteAllTextAsync(file, request, TestContext.Current.CancellationToken);
        if (source is "environment" or "run without argument")
        {
            world.Environment["REPO_URL"] = world.RepositoryUrl;
            world.Environment["TASK_INTENT"] = world.Project.Intent;
            world.Environment["TASK_ID"] = "from-anywhere";
        }

        var run = source switch
        {
            "file" => await world.RunAsync("run", "@" + file),
            "stdin" => await world.RunWithInputAsync(request, "run", "-"),
            "environment" => await world.RunAsync(),
            _ => await world.RunAsync("run"),
        };

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Equal(await world.HeadOfAsync("ai/from-anywhere"), (string?)run.Result["commit_hash"]);
    }

    [Fact]
    public async Task Without_an_id_the_new_one_is_the_first_line_on_standard_error()
    {
        await using var world = await TaskWorld.CreateAsync();

        var run = await world.RunAsync("run", world.Request(null));

        Assert.Equal(0, run.ExitCode);
        Assert.Equal($"task {(string?)run.Result["task_id"]}", run.Error.Split('\n')[0]);
    }

    [Fact]
    public async Task Progress_elsewhere_than_on_a_terminal_is_plain_lines()
    {
        await using var world = await TaskWorld.CreateAsync();

        var run = await world.RunAsync(world.Request("plain"));

        Assert.DoesNotContain('\e', run.Error);
        foreach (var stage in new[] { "cloning", "analyzing", "coding", "testing", "committing", "completed" })
            Assert.Contains(run.Error.Split('\n'), line => line.Contains(stage, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Chinese_text_is_written_as_itself_from_the_intent_to_the_commit()
    {
        await using var world = await TaskWorld.CreateAsync();
        const string intent = "折扣应当从一百元整开始";

        var run = await world.RunAsync(world.Request("chinese-1", new { intent }));

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Contains(intent, await world.GitAsync("log", "-1", "--format=%B", "ai/chinese-1"), StringComparison.Ordinal);
        Assert.Contains(intent, (await world.RunAsync("list")).Output, StringComparison.Ordinal);
        Assert.Contains(intent, world.Model.Requests[0].AllText, StringComparison.Ordinal);
        Assert.DoesNotContain("\\u", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_events_arrive_signed_in_order_and_without_a_gap()
    {
        await using var world = await TaskWorld.CreateAsync();

        var run = await world.RunAsync(world.Request("events", new { metadata = new { ticket = "A-7" } }));

        var deliveries = world.Receiver.Deliveries;
        Assert.Equal(0, run.ExitCode);
        Assert.All(deliveries, delivery => Assert.True(delivery.SignatureValid));
        Assert.Equal(Enumerable.Range(1, deliveries.Count), deliveries.Select(delivery => delivery.Sequence));
        Assert.Equal(
            ["started", "cloning", "analyzing", "coding", "testing", "committing", "completed"],
            deliveries.Select(delivery => delivery.Status).Distinct());
        Assert.Equal("A-7", (string?)deliveries[0].Json["data"]!["metadata"]!["ticket"]);
        Assert.Equal((string?)run.Result["commit_hash"], (string?)deliveries[^1].Json["data"]!["commit_hash"]);
    }

    [Fact]
    public async Task Without_a_webhook_standard_error_says_so_once()
    {
        await using var world = await TaskWorld.CreateAsync();
        world.Environment.Remove("WEBHOOK_URL");

        var run = await world.RunAsync(world.Request("no-hook"));

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(2, run.Error.Split("no events are sent").Length);
        Assert.Empty(world.Receiver.Deliveries);
        Assert.Empty(run.Result["undelivered_events"]!.AsArray());
    }

    [Fact]
    public async Task The_same_request_again_prints_the_result_again_and_does_nothing()
    {
        await using var world = await TaskWorld.CreateAsync();
        var first = await world.RunAsync(world.Request("twice"));
        var (requests, deliveries) = (world.Model.Requests.Count, world.Receiver.Deliveries.Count);

        var again = await world.RunAsync(world.Request("twice"));
        var resumed = await world.RunAsync("resume", "twice");

        Assert.Equal(0, again.ExitCode);
        Assert.Equal(first.Output, again.Output);
        Assert.Equal(first.Output, resumed.Output);
        Assert.Equal(requests, world.Model.Requests.Count);
        Assert.Equal(deliveries, world.Receiver.Deliveries.Count);
        Assert.Equal(1, world.PushesOf("ai/twice"));
    }

    [Fact]
    public async Task The_same_id_with_another_request_is_refused_naming_what_differs()
    {
        await using var world = await TaskWorld.CreateAsync();
        await world.RunAsync(world.Request("taken"));

        var other = await world.RunAsync(world.Request("taken", new { intent = "Something else.", github_token = "ghp_0123456789" }));

        Assert.Equal(2, other.ExitCode);
        Assert.Empty(other.Output);
        Assert.Contains("intent", other.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("ghp_0123456789", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_runs_at_once_with_one_id_are_one_task_and_print_one_result()
    {
        await using var world = await TaskWorld.CreateAsync();

        using var one = world.Start(world.Request("both"));
        using var other = world.Start(world.Request("both"));
        var (first, second) = (await one.EndAsync(TestContext.Current.CancellationToken), await other.EndAsync(TestContext.Current.CancellationToken));

        Assert.True(first.ExitCode == 0, first.Error + first.Output);
        Assert.True(second.ExitCode == 0, second.Error + second.Output);
        Assert.Equal(first.Output, second.Output);
        Assert.Equal(1, world.PushesOf("ai/both"));
        Assert.Equal(5, world.Model.Requests.Count);
    }

    [Fact]
    public async Task The_reader_of_the_output_may_go_away_and_the_task_completes()
    {
        await using var world = await TaskWorld.CreateAsync();
        var pipe = $"'{AiCoderProcess.Executable}' '{world.Request("pipe").Replace("'", "'\\''", StringComparison.Ordinal)}' 2>&1 | head -c 1";
        using var shell = System.Diagnostics.Process.Start(Shell(world, pipe))!;
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);

        var run = await world.RunAsync("resume", "pipe");

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Equal(1, world.PushesOf("ai/pipe"));
        Assert.Equal(5, world.Model.Requests.Count);
    }

    [Fact]
    public async Task No_secret_reaches_output_workspace_or_state_in_clear()
    {
        await using var world = await TaskWorld.CreateAsync();
        const string token = "glpat-ThisIsNotAToken42";

        var run = await world.RunWithInputAsync(world.Request("secret", new { gitlab_api_token = token }), "run", "-");

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.DoesNotContain(token, run.Output + run.Error, StringComparison.Ordinal);
        foreach (var file in Directory.EnumerateFiles(world.Workspace, "*", SearchOption.AllDirectories))
        {
            var content = await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken);
            Assert.True(content.AsSpan().IndexOf("ThisIsNotAToken42"u8) < 0, file);
            Assert.True(content.AsSpan().IndexOf("test-key-0123456789"u8) < 0, file);
        }
    }

    private static System.Diagnostics.ProcessStartInfo Shell(TaskWorld world, string line)
    {
        var start = new System.Diagnostics.ProcessStartInfo("/bin/sh", ["-c", line]) { RedirectStandardOutput = true };
        start.Environment.Clear();
        foreach (var (name, value) in world.Environment)
            start.Environment[name] = value;
        return start;
    }
}
