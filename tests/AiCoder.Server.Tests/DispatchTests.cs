using AiCoder.Demo;
using AiCoder.Server.Tests.Infrastructure;
using AiCoder.Testing;

namespace AiCoder.Server.Tests;

public sealed class DispatchTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task So_many_run_at_once_and_a_repository_with_many_tasks_does_not_hold_up_another()
    {
        string[] names = ["crowd-1", "crowd-2", "crowd-3", "crowd-4", "lone-1"];
        var holds = names.ToDictionary(name => name, _ => new Hold());
        var script = DemoScript.For(DemoProject.Shell);
        await using var world = await ServedWorld.CreateAsync(
            request => script(request) with { Gate = holds[names.Single(name => request.AllText.Contains(name, StringComparison.Ordinal))].WaitAsync() },
            new Dictionary<string, string> { ["MAX_CONCURRENT_TASKS"] = "2" });
        await world.Around.AddRepositoryAsync("lone.git");
        foreach (var name in names)
        {
            var request = world.Request(name, new { intent = $"{name}: mend the price." });
            if (name == "lone-1")
                request["repo_url"] = world.Around.Git.UrlOf("lone.git");
            Assert.Equal(202, (await world.StartAsync(request)).Status);
        }

        await Task.WhenAll(holds["crowd-1"].Reached, holds["crowd-2"].Reached).WaitAsync(Cancel);
        foreach (var waiting in names[2..])
            Assert.Equal("pending", (await world.GetAsync($"api/tasks/{waiting}"))["status"]);

        holds["crowd-1"].Release();
        await holds["lone-1"].Reached.WaitAsync(Cancel);

        // It came last, but none of its repository ran.
        Assert.Equal("completed", (string?)(await world.EndAsync("crowd-1"))["status"]);
        foreach (var waiting in new[] { "crowd-3", "crowd-4" })
            Assert.Equal("pending", (await world.GetAsync($"api/tasks/{waiting}"))["status"]);

        foreach (var hold in holds.Values)
            hold.Release();
        foreach (var name in names)
            Assert.Equal("completed", (string?)(await world.EndAsync(name))["status"]);
        Assert.Equal(1, world.Around.PushesOf("ai/lone-1", "lone.git"));
    }

    [Fact]
    public async Task A_task_that_waits_for_its_turn_can_be_cancelled()
    {
        var hold = new Hold();
        var script = DemoScript.For(DemoProject.Shell);
        await using var world = await ServedWorld.CreateAsync(
            request => script(request) with { Gate = hold.WaitAsync() }, new Dictionary<string, string> { ["MAX_CONCURRENT_TASKS"] = "1" });
        var first = await world.StartAsync();
        var second = await world.StartAsync();

        var cancelled = await world.PostAsync($"api/tasks/{second}/cancel");
        hold.Release();

        Assert.Equal(202, cancelled.Status);
        Assert.Equal("cancelled", (string?)(await world.EndAsync(second))["status"]);
        Assert.Equal("completed", (string?)(await world.EndAsync(first))["status"]);
    }
}
