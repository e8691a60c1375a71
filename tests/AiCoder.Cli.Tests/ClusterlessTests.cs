using AiCoder.Cli.Tests.Infrastructure;
using AiCoder.Demo;
using AiCoder.Testing;
using AiCoder.Testing.Processes;

namespace AiCoder.Cli.Tests;

/// <summary>SANDBOX=kubernetes where no cluster is configured: what runs nothing works, and what would run something begins nothing.</summary>
public sealed class ClusterlessTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tasks_can_be_looked_at_and_removed()
    {
        await using var world = await TaskWorld.CreateAsync();
        world.Environment["SANDBOX"] = "none";
        Assert.Equal(0, (await world.RunAsync(world.Request("ended"))).ExitCode);
        LoseTheCluster(world);

        foreach (var arguments in new string[][] { ["status", "ended"], ["list"], ["diff", "ended"], ["transcript", "ended"], ["resume", "ended"], ["run", world.Request("ended")], ["delete", "ended"] })
        {
            var run = await world.RunAsync(arguments);
            Assert.True(run.ExitCode == 0, $"{arguments[0]}: {run.Error}");
        }
    }

    [Fact]
    public async Task A_new_task_is_refused_before_it_is_begun()
    {
        await using var world = await TaskWorld.CreateAsync();
        LoseTheCluster(world);

        var run = await world.RunAsync(world.Request("new"));
        var status = await world.RunAsync("status", "new");

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains("aicoder: No cluster is configured", run.Error, StringComparison.Ordinal);
        Assert.Empty(world.Model.Requests);
        Assert.Contains("There is no task new", status.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_interrupted_task_is_kept_for_when_there_is_a_sandbox_again()
    {
        await using var world = await InterruptedAsync();
        LoseTheCluster(world);
        var refused = await world.RunAsync("resume", "interrupted");
        world.Environment["SANDBOX"] = "none";
        var resumed = await world.RunAsync("resume", "interrupted");

        Assert.Equal((2, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("aicoder: No cluster is configured", refused.Error, StringComparison.Ordinal);
        Assert.True(resumed.ExitCode == 0, resumed.Error);
    }

    [Fact]
    public async Task An_interrupted_task_can_be_cancelled_and_removed()
    {
        await using var world = await InterruptedAsync();
        LoseTheCluster(world);

        Assert.Equal(0, (await world.RunAsync("cancel", "interrupted")).ExitCode);
        Assert.Equal(0, (await world.RunAsync("delete", "interrupted")).ExitCode);
        Assert.False(Directory.Exists(Path.Combine(world.Workspace, "interrupted")));
    }

    [Fact]
    public async Task The_service_does_not_start()
    {
        await using var world = await TaskWorld.CreateAsync();
        LoseTheCluster(world);

        var run = await world.RunAsync("serve", "--urls", "http://127.0.0.1:0");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("aicoder: No cluster is configured", run.Error, StringComparison.Ordinal);
    }

    /// <summary>A world in which the task <c>interrupted</c> was killed in the middle.</summary>
    private static async Task<TaskWorld> InterruptedAsync()
    {
        var hold = new Hold();
        var script = DemoScript.For(DemoProject.Shell);
        var world = await TaskWorld.CreateAsync(request => script(request) with { Gate = request.Turn == 2 ? hold.WaitAsync() : null });
        world.Environment["SANDBOX"] = "none";
        using var first = world.Start(world.Request("interrupted"));
        await hold.Reached.WaitAsync(Cancel);
        first.Signal(AiCoderProcess.SigKill);
        await first.EndAsync(Cancel);
        hold.Release();
        return world;
    }

    private static void LoseTheCluster(TaskWorld world)
    {
        world.Environment["SANDBOX"] = "kubernetes";
        world.Environment["SANDBOX_VOLUME_CLAIM"] = "workspace";
    }
}
