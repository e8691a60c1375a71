using System.Diagnostics;
using AiCoder.Core.Tasks;

namespace AiCoder.Embedded.Tests.Host;

public sealed class DispatchTests
{
    [Fact]
    public async Task So_many_run_at_once_the_rest_in_order_and_fair_between_repositories()
    {
        await using var fixture = new HostFixture();
        var gates = Enumerable.Range(1, 6).ToDictionary(number => $"t{number}", _ => new TaskCompletionSource());
        fixture.Activities.On("A", async (_, context, _) =>
        {
            await gates[context.TaskId].Task;
            return "done";
        });
        var host = fixture.Open(maxConcurrent: 2);
        string[] repositories = ["x", "x", "x", "x", "y", "z"];
        foreach (var (repository, index) in repositories.Select((repository, index) => (repository, index)))
            await HostFixture.StartAsync(host, Specs.Of($"t{index + 1}", repository));

        // Each that ends makes place for the oldest of the repository of which the fewest run: after t1 that is y, for t2 of x
        // still runs; after t2 it is x again, and after t5 it is z.
        string[] order = ["t1", "t2", "t5", "t3", "t6", "t4"];
        for (var running = 0; running < order.Length; running++)
        {
            await Eventually.IsTrueAsync(() => fixture.Activities.Calls.Count == Math.Min(running + 2, order.Length), "two run at once");
            gates[order[running]].SetResult();
            await HostFixture.WaitAsync(host, order[running]);
        }

        Assert.Equal(order.Skip(2), fixture.Activities.Calls.Skip(2).Select(call => call.Split(' ')[0]));
    }

    [Fact]
    public async Task A_hundred_tasks_at_once_all_complete()
    {
        await using var fixture = new HostFixture();
        fixture.Workflow = async (context, spec) =>
        {
            for (var number = 0; number < 10; number++)
                await Task.WhenAll(context.CallActivityAsync<string>("A", number), context.CallActivityAsync<string>("B", number));
            return Specs.Completed(spec);
        };
        var host = fixture.Open(maxConcurrent: 100);
        var clock = Stopwatch.StartNew();
        var tasks = Enumerable.Range(0, 100).Select(number => $"t{number}").ToList();
        await Task.WhenAll(tasks.Select(task => HostFixture.StartAsync(host, Specs.Of(task))));
        var records = await Task.WhenAll(tasks.Select(task => HostFixture.WaitAsync(host, task)));

        TestContext.Current.SendDiagnosticMessage("100 tasks of 20 activities: {0}, {1} MB.", clock.Elapsed, Environment.WorkingSet >> 20);
        Assert.All(records, record => Assert.Equal(TaskState.Completed, record.State));
        Assert.Equal(2000, fixture.Activities.Calls.Count);
        Assert.True(Environment.WorkingSet < 1L << 30);
    }

    [Fact]
    public async Task Tasks_are_listed_the_newest_first_and_by_pages()
    {
        await using var fixture = new HostFixture();
        var host = fixture.Open();
        for (var number = 1; number <= 5; number++)
        {
            await HostFixture.StartAsync(host, Specs.Of($"t{number}"));
            await HostFixture.WaitAsync(host, $"t{number}");
        }

        var first = await host.ListAsync(2, null, HostFixture.Cancellation);
        Assert.Equal(["t5", "t4"], first.Select(record => record.TaskId));
        Assert.Equal(["t3", "t2", "t1"], (await host.ListAsync(10, first[^1].Number, HostFixture.Cancellation)).Select(record => record.TaskId));
    }

    [Fact]
    public async Task Status_and_usage_come_from_what_the_workflow_shows()
    {
        await using var fixture = new HostFixture();
        fixture.Activities.Hanging("A");
        fixture.Workflow = async (context, spec) =>
        {
            context.SetCustomStatus(new TaskProgress { Status = TaskState.Testing, Progress = 70, Usage = new Usage { Turns = 3 } });
            return Specs.Completed(spec, await context.CallActivityAsync<string>("A", 1));
        };
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await Eventually.IsTrueAsync(() => fixture.Activities.Calls.Count == 1, "the activity runs");
        var record = (await fixture.Open().GetAsync("t", HostFixture.Cancellation))!;
        Assert.Equal((TaskState.Testing, 70, 3), (record.State, record.Progress!.Progress, record.Usage.Turns));
        Assert.Equal("testing", record.CustomStatus!.Value.GetProperty("status").GetString());
    }

    [Fact]
    public async Task Only_a_task_that_has_ended_is_deleted()
    {
        await using var fixture = new HostFixture();
        fixture.Activities.Hanging("A");
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"), new TaskSecrets { Token = "x" });
        Assert.Equal(DeleteOutcome.Running, await fixture.Open().DeleteAsync("t", HostFixture.Cancellation));
        await host.DisposeAsync();

        var next = fixture.Open();
        Assert.Equal(DeleteOutcome.Running, await next.DeleteAsync("t", HostFixture.Cancellation));
        Assert.Equal(CancelOutcome.Cancelled, await next.CancelAsync("t", cancellationToken: HostFixture.Cancellation));
        Assert.Equal(DeleteOutcome.Deleted, await next.DeleteAsync("t", HostFixture.Cancellation));
        Assert.Equal(DeleteOutcome.NotFound, await next.DeleteAsync("t", HostFixture.Cancellation));
        Assert.Null(await next.GetAsync("t", HostFixture.Cancellation));
        Assert.Empty(await next.GetHistoryAsync("t", HostFixture.Cancellation));
        Assert.Empty(fixture.Secrets.Kept);
        Assert.Equal(["t"], fixture.RemovedWorkspaces);
    }

    [Fact]
    public async Task Old_workspaces_are_swept_and_their_results_stay()
    {
        await using var fixture = new HostFixture();
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("old"));
        await HostFixture.WaitAsync(host, "old");
        Assert.Equal(["old"], fixture.ReleasedWorkspaces);
        Assert.Equal(0, await host.SweepAsync(HostFixture.Cancellation));

        var later = fixture.Open(time: new ShiftedTime(TimeSpan.FromDays(8)));
        await HostFixture.StartAsync(later, Specs.Of("new"));
        await HostFixture.WaitAsync(later, "new");
        Assert.Equal(1, await later.SweepAsync(HostFixture.Cancellation));
        Assert.Equal(0, await later.SweepAsync(HostFixture.Cancellation));
        Assert.Equal(["old"], fixture.RemovedWorkspaces);
        Assert.NotNull((await later.GetAsync("old", HostFixture.Cancellation))!.Result);
    }
}
