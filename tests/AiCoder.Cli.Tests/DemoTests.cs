using AiCoder.Cli.Tests.Infrastructure;
using AiCoder.Demo;

namespace AiCoder.Cli.Tests;

public sealed class DemoTests
{
    [Fact]
    public async Task The_demo_ends_with_the_pushed_commit_and_its_diff_and_leaves_nothing_behind()
    {
        await using var world = await TaskWorld.CreateAsync();
        foreach (var name in new[] { "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "WEBHOOK_URL", "WEBHOOK_SECRET", "WORKSPACE_DIR" })
            world.Environment.Remove(name);

        var run = await world.RunAsync("demo");

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Equal("completed", (string?)run.Result["status"]);
        Assert.Contains("scripted model, not an AI", run.Error, StringComparison.Ordinal);
        Assert.Contains("fails, as it should", run.Error, StringComparison.Ordinal);
        Assert.Contains("passes", run.Error, StringComparison.Ordinal);
        Assert.Contains("every signature right", run.Error, StringComparison.Ordinal);
        Assert.Contains("\n+    if amount >= 100:", run.Error, StringComparison.Ordinal);
        Assert.Contains($"commit {(string?)run.Result["commit_hash"]}", run.Error, StringComparison.Ordinal);
        // The commit's own trailer, as the server has it.
        Assert.Matches(@"(?m)^\s+\S*Model\S*: scripted model, not an AI", run.Error);
        Assert.DoesNotContain('\e', run.Error);
        Assert.Empty(Directory.EnumerateFileSystemEntries(world.Environment["TMPDIR"]));
    }

    [Fact]
    public async Task Where_no_sandbox_can_start_the_demo_says_so_and_runs_without()
    {
        await using var world = await TaskWorld.CreateAsync();
        var tools = Directory.CreateDirectory(Path.Combine(world.Home, "bin")).FullName;
        var bwrap = Path.Combine(tools, "bwrap");
        await File.WriteAllTextAsync(bwrap, "#!/bin/sh\necho 'bwrap: no permission' >&2\nexit 1\n", TestContext.Current.CancellationToken);
        File.SetUnixFileMode(bwrap, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        world.Environment["PATH"] = $"{tools}:{world.Environment["PATH"]}";

        var run = await world.RunAsync("demo");

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Contains("No sandbox can start here", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_live_demo_whose_model_does_nothing_claims_nothing()
    {
        await using var world = await TaskWorld.CreateAsync(script: _ => ScriptedReply.Say("I am sure it works now."));

        var run = await world.RunAsync("demo", "--live");

        Assert.True(run.ExitCode == 1, run.Error + run.Output);
        Assert.Contains("did not succeed", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("not an AI", run.Error, StringComparison.Ordinal);
        Assert.NotEmpty(world.Model.Requests);
    }

    [Fact]
    public async Task A_live_demo_without_a_key_is_refused()
    {
        await using var world = await TaskWorld.CreateAsync();
        world.Environment.Remove("OPENAI_API_KEY");

        var run = await world.RunAsync("demo", "--live");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("OPENAI_API_KEY", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("demo")]
    [InlineData("demo", "--live")]
    public async Task The_demo_says_in_one_line_that_it_can_t_run_in_pods(params string[] arguments)
    {
        await using var world = await TaskWorld.CreateAsync();
        world.Environment["SANDBOX"] = "Kubernetes";
        world.Environment["SANDBOX_VOLUME_CLAIM"] = "workspace";

        var run = await world.RunAsync(arguments);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.StartsWith("aicoder: The demo can't run in pods", Assert.Single(run.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Empty(world.Model.Requests);
    }

    [Fact]
    public async Task Kept_the_demo_says_where()
    {
        await using var world = await TaskWorld.CreateAsync();

        var run = await world.RunAsync("demo", "--keep");

        var kept = Assert.Single(Directory.EnumerateDirectories(world.Environment["TMPDIR"]));
        Assert.Contains($"Kept: {kept}", run.Error, StringComparison.Ordinal);
    }
}
