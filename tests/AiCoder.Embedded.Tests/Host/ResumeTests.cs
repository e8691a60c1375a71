using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Embedded.Journal;

namespace AiCoder.Embedded.Tests.Host;

public sealed class ResumeTests
{
    [Fact]
    public async Task A_task_that_has_ended_gives_its_result_and_does_nothing()
    {
        await using var fixture = new HostFixture();
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await HostFixture.WaitAsync(host, "t");

        var outcome = await fixture.Open().ResumeAsync("t", HostFixture.Cancellation);

        Assert.Equal((ResumeKind.Ended, "A"), (outcome.Kind, outcome.Task!.Result!.Summary));
        Assert.Single(fixture.Activities.Calls);
        Assert.Equal(ResumeKind.NotFound, (await host.ResumeAsync("other", HostFixture.Cancellation)).Kind);
    }

    [Fact]
    public async Task A_graceful_stop_records_what_ends_and_nothing_of_what_is_interrupted()
    {
        await using var fixture = new HostFixture();
        var letGo = new TaskCompletionSource();
        fixture.Activities.Hanging("Interrupted").On("Ends", async (_, context, _) =>
        {
            await letGo.Task;
            return "ended";
        });
        fixture.Workflow = async (context, spec) =>
        {
            var both = await Task.WhenAll(context.CallActivityAsync<string>("Interrupted", 1), context.CallActivityAsync<string>("Ends", 2));
            return Specs.Completed(spec, string.Join(' ', both));
        };
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await Eventually.IsTrueAsync(() => fixture.Activities.Calls.Count == 2, "both activities run");

        var stop = host.StopAsync(TimeSpan.FromSeconds(60));
        letGo.SetResult();
        await stop;

        Assert.Equal(
            [HistoryEventKind.TaskStarted, HistoryEventKind.ActivityScheduled, HistoryEventKind.ActivityScheduled, HistoryEventKind.ActivityCompleted],
            (await host.GetHistoryAsync("t", HostFixture.Cancellation)).Select(recorded => recorded.Kind));
        var record = await HostFixture.WaitAsync(host, "t");
        Assert.Equal((TaskState.Started, null), (record.State, record.RunBy));

        fixture.Activities.On("Interrupted", (_, _, _) => Task.FromResult<object>("again"));
        var next = fixture.Open();
        Assert.Equal(["t"], await next.ResumeAllAsync(HostFixture.Cancellation));
        Assert.Equal("again ended", (await HostFixture.WaitAsync(next, "t")).Result!.Summary);
        Assert.Equal(["t Ends 2", "t Interrupted 1", "t Interrupted 1"], fixture.Activities.Calls.Order());
    }

    [Fact]
    public async Task A_stop_does_not_wait_longer_than_its_bound()
    {
        await using var fixture = new HostFixture();
        fixture.Activities.On("A", async (_, _, stop) =>
        {
            await Task.Delay(Timeout.Infinite, stop);
            return "";
        });
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await Eventually.IsTrueAsync(() => fixture.Activities.Calls.Count == 1, "the activity runs");
        await host.StopAsync(TimeSpan.FromMilliseconds(50)).WaitAsync(HostFixture.Bound, HostFixture.Cancellation);
        Assert.Equal(2, (await host.GetHistoryAsync("t", HostFixture.Cancellation)).Count);
    }

    [Fact]
    public async Task A_host_that_lost_its_task_stops_the_activities_and_records_nothing_more()
    {
        await using var fixture = new HostFixture();
        var stopped = new TaskCompletionSource();
        fixture.Activities.On("A", async (_, _, stop) =>
        {
            await using var registration = stop.Register(stopped.SetResult);
            await stopped.Task;
            return "late";
        });
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await Eventually.IsTrueAsync(() => fixture.Activities.Calls.Count == 1, "the activity runs");

        fixture.LoseOwners();
        var other = fixture.Open(activities: new TestActivities());
        Assert.Equal(ResumeKind.Resumed, (await other.ResumeAsync("t", HostFixture.Cancellation)).Kind);
        Assert.Equal("A", (await HostFixture.WaitAsync(other, "t")).Result!.Summary);
        var history = await other.GetHistoryAsync("t", HostFixture.Cancellation);

        await stopped.Task.WaitAsync(HostFixture.Bound, HostFixture.Cancellation);
        Assert.Equal("A", (await HostFixture.WaitAsync(host, "t")).Result!.Summary);
        Assert.Equal(history, await other.GetHistoryAsync("t", HostFixture.Cancellation));
    }

    [Fact]
    public async Task A_workflow_that_was_changed_ends_the_task_as_not_deterministic()
    {
        await using var fixture = new HostFixture();
        fixture.Activities.Hanging("A");
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await Eventually.IsTrueAsync(() => fixture.Activities.Calls.Count == 1, "the activity runs");
        await host.DisposeAsync();

        fixture.Workflow = async (context, spec) => Specs.Completed(spec, await context.CallActivityAsync<string>("B", 1));
        var next = fixture.Open();
        await next.ResumeAsync("t", HostFixture.Cancellation);
        var record = await HostFixture.WaitAsync(next, "t");

        Assert.Equal((TaskState.Failed, FailureCodes.NotDeterministic), (record.State, record.Result!.Error!.Code));
        Assert.Contains("step 1, the activity A; the workflow asked for step 1, the activity B", record.Result.Error.Message, StringComparison.Ordinal);
        Assert.Single(fixture.Activities.Calls);
    }

    [Fact]
    public async Task A_timer_goes_on_from_the_time_that_was_recorded()
    {
        await using var fixture = new HostFixture();
        fixture.Workflow = async (context, spec) =>
        {
            await context.CreateTimer(TimeSpan.FromDays(3), CancellationToken.None);
            return Specs.Completed(spec, $"{context.CurrentUtcDateTime:O}");
        };
        var start = DateTimeOffset.UtcNow;
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await Eventually.IsTrueAsync(async () => (await host.GetHistoryAsync("t")).Count == 2, "the timer is recorded");
        await host.DisposeAsync();

        var next = fixture.Open(time: new ShiftedTime(TimeSpan.FromDays(3) + TimeSpan.FromMinutes(1)));
        await next.ResumeAllAsync(HostFixture.Cancellation);
        var fired = DateTimeOffset.Parse((await HostFixture.WaitAsync(next, "t")).Result!.Summary!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(fired >= start.AddDays(3));
    }

    [Fact]
    public async Task The_time_a_workflow_sees_never_goes_back()
    {
        await using var fixture = new HostFixture();
        fixture.Activities.Hanging("A");
        fixture.Workflow = async (context, spec) =>
        {
            var before = context.CurrentUtcDateTime;
            await context.CallActivityAsync<string>("A", 1);
            return Specs.Completed(spec, $"{context.CurrentUtcDateTime >= before}");
        };
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await Eventually.IsTrueAsync(() => fixture.Activities.Calls.Count == 1, "the activity runs");
        await host.DisposeAsync();

        fixture.Activities.On("A", (_, _, _) => Task.FromResult<object>("x"));
        var next = fixture.Open(time: new ShiftedTime(TimeSpan.FromDays(-1)));
        await next.ResumeAllAsync(HostFixture.Cancellation);
        Assert.Equal("True", (await HostFixture.WaitAsync(next, "t")).Result!.Summary);
    }

    [Fact]
    public async Task Waiting_for_a_task_that_nobody_runs_ends()
    {
        await using var fixture = new HostFixture();
        fixture.Activities.Hanging("A");
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        var waiting = HostFixture.WaitAsync(fixture.Open(), "t");
        await host.DisposeAsync();
        Assert.False((await waiting).HasEnded);
        Assert.Null(await fixture.Open().WaitAsync("other", HostFixture.Cancellation));
    }
}
