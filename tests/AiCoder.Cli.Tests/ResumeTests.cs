using AiCoder.Cli.Tests.Infrastructure;
using AiCoder.Demo;
using AiCoder.Testing;
using AiCoder.Testing.Processes;

namespace AiCoder.Cli.Tests;

public sealed class ResumeTests
{
    private const string TaskId = "resumed";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Where the first process is killed or interrupted: something there holds until it is gone.</summary>
    public static TheoryData<string> Places => ["clone", "plan", "first turn", "third turn", "test", "push"];

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_killed_task_goes_on_to_one_commit_and_pays_no_model_call_twice_but_the_one_in_flight(string place)
    {
        var hold = new Hold();
        await using var world = await HeldAtAsync(place, hold);
        using (var first = world.Start(Request(world)))
        {
            await ReachedAsync(place, hold, first);
            first.Signal(AiCoderProcess.SigKill);
            await first.EndAsync(Cancel);
        }

        hold.Release();
        var resumed = await world.RunAsync("resume", TaskId);

        Assert.True(resumed.ExitCode == 0, resumed.Error + resumed.Output);
        await AssertOneTaskAsync(world, resumed, place);
        AssertEvents(world, resumed);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task An_interrupted_task_exits_with_130_names_the_command_and_goes_on(string place)
    {
        var hold = new Hold();
        await using var world = await HeldAtAsync(place, hold);
        using (var first = world.Start(Request(world)))
        {
            await ReachedAsync(place, hold, first);
            var began = TimeProvider.System.GetTimestamp();
            first.Signal(place == "test" ? AiCoderProcess.SigTerm : AiCoderProcess.SigInt);
            var interrupted = await first.EndAsync(Cancel);

            Assert.Equal(130, interrupted.ExitCode);
            Assert.Empty(interrupted.Output);
            Assert.Contains($"aicoder resume {TaskId}", interrupted.Error, StringComparison.Ordinal);
            // Two seconds by its word; a loaded machine gets some more.
            Assert.InRange(TimeProvider.System.GetElapsedTime(began).TotalSeconds, 0, 30);
        }

        Assert.Contains("stopped", (await world.RunAsync("status", TaskId)).Output, StringComparison.Ordinal);
        hold.Release();
        // Without an id: it is the only one that is unfinished.
        var resumed = await world.RunAsync("resume");

        Assert.True(resumed.ExitCode == 0, resumed.Error + resumed.Output);
        await AssertOneTaskAsync(world, resumed, place);
        AssertEvents(world, resumed);
    }

    [Fact]
    public async Task Killed_again_and_again_a_task_still_ends_with_one_commit()
    {
        await using var world = await TaskWorld.CreateAsync(
            script: request => DemoScript.For(DemoProject.Shell)(request) with { Delay = TimeSpan.FromMilliseconds(150) });
        var kills = 0;
        for (var patience = 300; kills < 12; patience += 90)
        {
            using var process = world.Start(Request(world));
            using var bound = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
            var ended = process.EndAsync(bound.Token);
            // The one place where time decides: when the kill comes is what varies.
            if (await Task.WhenAny(ended, Task.Delay(patience, Cancel)) == ended)
                break;
            process.Signal(AiCoderProcess.SigKill);
            await ended;
            kills++;
        }

        var run = await world.RunAsync(Request(world));

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.Equal(1, world.PushesOf($"ai/{TaskId}"));
        Assert.Equal(await world.HeadOfAsync($"ai/{TaskId}"), (string?)run.Result["commit_hash"]);
        Assert.Equal("2", await world.GitAsync("rev-list", "--count", $"ai/{TaskId}"));
        Assert.InRange(world.Model.Requests.Count, 5, 5 + kills);
        AssertEvents(world, run);
    }

    [Fact]
    public async Task A_second_interrupt_ends_the_process_at_once_and_the_task_still_goes_on()
    {
        var hold = new Hold();
        await using var world = await HeldAtAsync("third turn", hold);
        using (var first = world.Start(Request(world)))
        {
            await hold.Reached.WaitAsync(Cancel);
            first.Signal(AiCoderProcess.SigInt);
            first.Signal(AiCoderProcess.SigInt);
            Assert.Equal(130, (await first.EndAsync(Cancel)).ExitCode);
        }

        hold.Release();
        Assert.Equal(0, (await world.RunAsync("resume", TaskId)).ExitCode);
    }

    [Fact]
    public async Task A_task_can_be_cancelled_from_another_process_while_it_runs()
    {
        var hold = new Hold();
        await using var world = await HeldAtAsync("third turn", hold);
        using var running = world.Start(Request(world));
        await hold.Reached.WaitAsync(Cancel);

        var cancel = await world.RunAsync("cancel", TaskId);
        var run = await running.EndAsync(Cancel);

        Assert.Equal(0, cancel.ExitCode);
        Assert.Equal(1, run.ExitCode);
        Assert.Equal("cancelled", (string?)run.Result["status"]);
        Assert.Null(await world.HeadOfAsync($"ai/{TaskId}"));
        Assert.Equal("cancelled", world.Receiver.Deliveries[^1].Status);
    }

    [Fact]
    public async Task A_stopped_task_can_be_cancelled_read_and_deleted()
    {
        var hold = new Hold();
        await using var world = await HeldAtAsync("third turn", hold);
        using (var first = world.Start(Request(world)))
        {
            await hold.Reached.WaitAsync(Cancel);
            first.Signal(AiCoderProcess.SigKill);
            await first.EndAsync(Cancel);
        }

        Assert.Contains("-ge 100", (await world.RunAsync("diff", TaskId)).Output, StringComparison.Ordinal);
        Assert.Contains("edit_file", (await world.RunAsync("transcript", TaskId)).Output, StringComparison.Ordinal);
        Assert.Equal(0, (await world.RunAsync("cancel", TaskId)).ExitCode);
        Assert.Equal(1, (await world.RunAsync("resume", TaskId)).ExitCode);
        Assert.Equal(0, (await world.RunAsync("delete", TaskId)).ExitCode);
        Assert.Equal(2, (await world.RunAsync("status", TaskId)).ExitCode);
        Assert.False(Directory.Exists(Path.Combine(world.Workspace, TaskId)));
    }

    private static string Request(TaskWorld world) =>
        world.Request(TaskId, new { validation = new { commands = new[] { "sh test.sh && sh slow.sh" } } });

    private static async Task<TaskWorld> HeldAtAsync(string place, Hold hold)
    {
        var script = DemoScript.For(DemoProject.Shell);
        var world = await TaskWorld.CreateAsync(
            request => script(request) with { Gate = IsAt(place, request) ? hold.WaitAsync() : null },
            new GitServerOptions
            {
                Intercept = async (request, stop) =>
                {
                    if (IsAt(place, request))
                        await hold.WaitAsync(stop);
                    return null;
                },
            },
            files: new Dictionary<string, string> { ["slow.sh"] = place == "test" ? "touch ~/begun; while [ ! -e ~/go ]; do sleep 0.1; done\n" : "true\n" });
        if (place == "test")
            _ = HoldTestsAsync(world, hold);
        return world;
    }

    /// <summary>Holds each run of the tests by its HOME, the one folder that it and we see, until the world is gone.</summary>
    private static async Task HoldTestsAsync(TaskWorld world, Hold hold)
    {
        var homes = Path.Combine(world.Workspace, TaskId, "home");
        for (; Directory.Exists(world.Home); await Task.Delay(20, Cancel))
        {
            foreach (var home in Directory.Exists(homes) ? Directory.GetDirectories(homes) : [])
            {
                if (!File.Exists(Path.Combine(home, "begun")) || File.Exists(Path.Combine(home, "go")))
                    continue;
                await hold.WaitAsync(Cancel);
                await File.WriteAllTextAsync(Path.Combine(home, "go"), "", Cancel);
            }
        }
    }

    private static bool IsAt(string place, ScriptedRequest request) => place switch
    {
        "plan" => request.Tools.Count == 0,
        "first turn" => request.Tools.Count > 0 && request.Turn == 0,
        "third turn" => request.Turn == 2,
        _ => false,
    };

    private static bool IsAt(string place, GitServerRequest request) => place switch
    {
        "clone" => request.Method == "POST" && request.Path.EndsWith("git-upload-pack", StringComparison.Ordinal),
        "push" => request.Method == "POST" && request.Path.EndsWith("git-receive-pack", StringComparison.Ordinal),
        _ => false,
    };

    private static async Task ReachedAsync(string place, Hold hold, AiCoderProcess process)
    {
        var reached = hold.Reached.WaitAsync(Cancel);
        var ended = process.EndAsync(Cancel);
        if (await Task.WhenAny(reached, ended) == ended)
            Assert.Fail($"It ended before it came to '{place}': {(await ended).Error}");
        await reached;
    }

    private static async Task AssertOneTaskAsync(TaskWorld world, AiCoderRun run, string place)
    {
        var branch = $"ai/{TaskId}";
        Assert.Equal(await world.HeadOfAsync(branch), (string?)run.Result["commit_hash"]);
        Assert.Equal("2", await world.GitAsync("rev-list", "--count", branch));
        Assert.Equal(1, world.PushesOf(branch));

        // A plan, then four turns; what was in flight at the kill is asked again, and nothing else is.
        var inFlight = place is "plan" or "first turn" or "third turn" ? 1 : 0;
        Assert.Equal(5 + inFlight, world.Model.Requests.Count);
        var repeated = world.Model.Requests.GroupBy(request => request.Body["messages"]!.ToJsonString()).Where(same => same.Count() > 1).ToList();
        Assert.Equal(inFlight, repeated.Count);
        Assert.Equal(5, (int?)run.Result["usage"]!["turns"]);
    }

    /// <summary>Each was tried at least once, and first tries came in order.</summary>
    private static void AssertEvents(TaskWorld world, AiCoderRun run)
    {
        var firsts = world.Receiver.Deliveries.DistinctBy(delivery => delivery.Sequence).Select(delivery => delivery.Sequence).ToList();
        Assert.Equal(Enumerable.Range(1, firsts.Count), firsts);
        Assert.Equal("completed", world.Receiver.Deliveries[^1].Status);
        Assert.All(world.Receiver.Deliveries.GroupBy(delivery => delivery.Sequence), same => Assert.Single(same.Select(delivery => delivery.Id).Distinct()));
        Assert.Empty(run.Result["undelivered_events"]!.AsArray());
    }
}
