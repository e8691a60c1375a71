using System.Diagnostics;
using AiCoder.Core.Activities;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Embedded.Journal;

namespace AiCoder.Embedded.Tests.Host;

public sealed class SignalTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Cancel_reaches_the_running_activity_and_the_workflow(bool fromAnotherHost)
    {
        await using var fixture = new HostFixture();
        // Or the task may have ended before it is asked a second time.
        var askedTwice = new TaskCompletionSource();
        fixture.Activities.Hanging("A");
        fixture.Activities.On("B", async (_, _, _) =>
        {
            await askedTwice.Task;
            return "";
        });
        fixture.Workflow = async (context, spec) =>
        {
            var cancelled = context.WaitForExternalEvent<CancelRequest>(WorkflowEvents.Cancel);
            var answer = await context.CallActivityAsync<string>("A", 1);
            await context.CallActivityAsync<string>("B", 1);
            return new() { TaskId = spec.TaskId, Status = TaskState.Cancelled, Summary = $"{answer} {(await cancelled).Reason}" };
        };
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await Eventually.IsTrueAsync(() => fixture.Activities.Calls.Count == 1, "the activity runs");

        var clock = Stopwatch.StartNew();
        var caller = fromAnotherHost ? fixture.Open() : host;
        Assert.Equal(CancelOutcome.Requested, await caller.CancelAsync("t", "别做了", HostFixture.Cancellation));
        Assert.Equal(CancelOutcome.Requested, await caller.CancelAsync("t", "again", HostFixture.Cancellation));
        askedTwice.SetResult();
        var record = await HostFixture.WaitAsync(host, "t");

        TestContext.Current.SendDiagnosticMessage("Cancelled after {0}.", clock.Elapsed);
        Assert.Equal((TaskState.Cancelled, "cancelled 别做了"), (record.State, record.Result!.Summary));
        Assert.Single(await host.GetHistoryAsync("t", HostFixture.Cancellation), recorded => recorded.Kind == HistoryEventKind.EventReceived);
        Assert.Equal(CancelOutcome.AlreadyEnded, await host.CancelAsync("t", null, HostFixture.Cancellation));
        Assert.Equal(CancelOutcome.NotFound, await host.CancelAsync("other", null, HostFixture.Cancellation));
    }

    [Fact]
    public async Task A_task_that_nobody_runs_is_cancelled_by_whoever_asks()
    {
        await using var fixture = new HostFixture();
        fixture.Activities.Hanging("A");
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"), new TaskSecrets { Token = "x" });
        await Eventually.IsTrueAsync(() => fixture.Activities.Calls.Count == 1, "the activity runs");
        await host.DisposeAsync();

        var other = fixture.Open();
        Assert.Equal(CancelOutcome.Cancelled, await other.CancelAsync("t", null, HostFixture.Cancellation));

        var record = (await other.GetAsync("t", HostFixture.Cancellation))!;
        Assert.Equal((TaskState.Cancelled, false), (record.State, record.Result!.PushResult!.Pushed));
        Assert.Equal(HistoryEventKind.TaskEnded, (await other.GetHistoryAsync("t", HostFixture.Cancellation))[^1].Kind);
        Assert.Empty(await other.ResumeAllAsync(HostFixture.Cancellation));
        Assert.Empty(fixture.Secrets.Kept);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_task_that_waits_for_its_turn_is_cancelled_without_being_run(bool fromAnotherHost)
    {
        await using var fixture = new HostFixture();
        fixture.Activities.Hanging("A");
        var host = fixture.Open(maxConcurrent: 1);
        await HostFixture.StartAsync(host, Specs.Of("first"));
        await HostFixture.StartAsync(host, Specs.Of("second"));
        Assert.Equal(TaskState.Pending, (await host.GetAsync("second", HostFixture.Cancellation))!.State);

        await (fromAnotherHost ? fixture.Open() : host).CancelAsync("second", null, HostFixture.Cancellation);

        Assert.Equal(TaskState.Cancelled, (await HostFixture.WaitAsync(host, "second")).State);
        Assert.DoesNotContain(fixture.Activities.Calls, call => call.StartsWith("second", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_cancel_that_the_dead_owner_had_not_read_is_read_by_the_next()
    {
        await using var fixture = new HostFixture();
        fixture.Activities.Hanging("A");
        fixture.Workflow = async (context, spec) =>
        {
            var cancelled = context.WaitForExternalEvent<CancelRequest>(WorkflowEvents.Cancel);
            var work = context.CallActivityAsync<string>("A", 1);
            await Task.WhenAny(cancelled, work);
            return new() { TaskId = spec.TaskId, Status = cancelled.IsCompleted ? TaskState.Cancelled : TaskState.Completed };
        };
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await Eventually.IsTrueAsync(() => fixture.Activities.Calls.Count == 1, "the activity runs");
        await host.DisposeAsync();
        fixture.Execute("INSERT INTO inbox (task, kind, name, payload, at) VALUES (1, 'event', 'cancel', '{}', 0)");

        var next = fixture.Open();
        await next.ResumeAllAsync(HostFixture.Cancellation);
        Assert.Equal(TaskState.Cancelled, (await HostFixture.WaitAsync(next, "t")).State);
    }

    [Fact]
    public async Task Approvals_and_messages_reach_the_task_in_order()
    {
        await using var fixture = new HostFixture();
        var read = new TaskCompletionSource();
        fixture.Activities.On("A", async (_, context, stop) =>
        {
            var first = await context.Signals.ReadMessagesAsync(0, stop);
            read.TrySetResult();
            IReadOnlyList<Core.Activities.TaskMessage> rest = [];
            await Eventually.IsTrueAsync(async () => (rest = await context.Signals.ReadMessagesAsync(first[^1].Number, stop)).Count == 2, "two more messages");
            return string.Join(',', first.Concat(rest).Select(message => message.Text));
        });
        fixture.Workflow = async (context, spec) =>
        {
            var first = await context.WaitForExternalEvent<ApprovalDecision>(WorkflowEvents.Approval);
            var second = await context.WaitForExternalEvent<ApprovalDecision>(WorkflowEvents.Approval);
            return Specs.Completed(spec, $"{first} {second} {await context.CallActivityAsync<string>("A", 1)}");
        };
        var (host, other) = (fixture.Open(), fixture.Open());
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await other.SendMessageAsync("t", "一", HostFixture.Cancellation);
        Assert.Equal(SendOutcome.Sent, await other.ApproveAsync("t", true, "yes", HostFixture.Cancellation));
        await host.ApproveAsync("t", false, null, HostFixture.Cancellation);
        await read.Task.WaitAsync(HostFixture.Bound, HostFixture.Cancellation);
        await host.SendMessageAsync("t", "二", HostFixture.Cancellation);
        await other.SendMessageAsync("t", "三", HostFixture.Cancellation);

        var summary = (await HostFixture.WaitAsync(host, "t")).Result!.Summary;
        Assert.Equal($"{new ApprovalDecision(true, "yes")} {new ApprovalDecision(false)} 一,二,三", summary);
        Assert.Equal(SendOutcome.AlreadyEnded, await host.SendMessageAsync("t", "late", HostFixture.Cancellation));
        Assert.Equal(SendOutcome.NotFound, await host.ApproveAsync("other", true, null, HostFixture.Cancellation));
    }

    [Fact]
    public async Task A_task_takes_so_many_messages_and_no_more_and_can_still_be_cancelled()
    {
        await using var fixture = new HostFixture();
        fixture.Activities.Hanging("A");
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await Eventually.IsTrueAsync(() => fixture.Activities.Calls.Count == 1, "the activity runs");

        for (var sent = 0; sent < TaskMessage.MostOfTask; sent++)
            Assert.Equal(SendOutcome.Sent, await host.SendMessageAsync("t", $"{sent}", HostFixture.Cancellation));
        Assert.Equal(SendOutcome.TooMany, await host.SendMessageAsync("t", "one more", HostFixture.Cancellation));

        Assert.Equal(CancelOutcome.Requested, await host.CancelAsync("t", null, HostFixture.Cancellation));
        await HostFixture.WaitAsync(host, "t");
    }

    [Fact]
    public async Task What_people_send_is_in_the_journal_without_the_tokens_they_quote()
    {
        const string token = "glpat-token-of-the-caller";
        await using var fixture = new HostFixture();
        var entered = new TaskCompletionSource();
        fixture.Activities.On("A", async (_, _, stop) =>
        {
            entered.TrySetResult();
            await Task.Delay(Timeout.Infinite, stop);
            return "";
        });
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"), new() { Token = token });
        await entered.Task.WaitAsync(HostFixture.Bound, HostFixture.Cancellation);

        await host.SendMessageAsync("t", $"use {token} please", HostFixture.Cancellation);
        await host.ApproveAsync("t", true, $"with {token}", HostFixture.Cancellation);
        await host.CancelAsync("t", $"because of {token}", HostFixture.Cancellation);

        Assert.Equal(3, fixture.Execute("UPDATE inbox SET kind = kind WHERE payload LIKE '%[redacted]%'"));
        Assert.Equal(0, fixture.Execute($"UPDATE inbox SET kind = kind WHERE payload LIKE '%{token}%'"));
    }

    [Fact]
    public async Task A_deletion_that_is_asked_for_twice_takes_nothing_of_the_task_that_is_begun_after_it()
    {
        await using var fixture = new HostFixture();
        var (first, others) = (new TaskCompletionSource(), new TaskCompletionSource());
        var deletions = 0;
        var host = fixture.Open(deletingAsync: _ =>
        {
            first.TrySetResult();
            return Interlocked.Increment(ref deletions) == 1 ? others.Task : Task.CompletedTask;
        });
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await HostFixture.WaitAsync(host, "t");

        var one = host.DeleteAsync("t", HostFixture.Cancellation);
        await first.Task.WaitAsync(HostFixture.Bound, HostFixture.Cancellation);
        var two = host.DeleteAsync("t", HostFixture.Cancellation);
        others.SetResult();

        Assert.Equal(DeleteOutcome.Deleted, await one);
        Assert.Equal(DeleteOutcome.NotFound, await two);
        Assert.Equal(1, deletions);
    }
}
