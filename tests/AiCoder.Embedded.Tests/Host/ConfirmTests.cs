using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Embedded.Tests.Host;

/// <summary>Starts about which something outside of the journal decides.</summary>
public sealed class ConfirmTests
{
    private static readonly TaskSecrets Token = new() { Token = "secret-token" };

    [Fact]
    public async Task It_is_asked_when_the_secrets_are_put_away_and_before_anybody_sees_the_task()
    {
        await using var fixture = new HostFixture();
        var host = fixture.Open();
        var outcome = await StartAsync(host, Token, async stop =>
        {
            Assert.Equal("secret-token", fixture.Secrets.Kept["t"].Token);
            Assert.Empty(await host.ListAsync(cancellationToken: stop));
            Assert.Equal(ResumeKind.RunningHere, (await host.ResumeAsync("t", stop)).Kind);
            Assert.Empty(fixture.Activities.Calls);
            return true;
        });
        Assert.Equal(StartKind.Started, outcome!.Kind);
        Assert.Equal(TaskState.Completed, (await HostFixture.WaitAsync(host, "t")).State);
        Assert.Single(fixture.Activities.Calls);
    }

    [Fact]
    public async Task A_task_that_is_not_this_hosts_is_forgotten_with_its_secrets()
    {
        await using var fixture = new HostFixture();
        var host = fixture.Open();
        Assert.Null(await StartAsync(host, Token, _ => Task.FromResult(false)));
        Assert.Null(await host.GetAsync("t", HostFixture.Cancellation));
        Assert.Empty(fixture.Secrets.Kept);
        Assert.Equal(StartKind.Started, (await StartAsync(host, TaskSecrets.None, _ => Task.FromResult(true)))!.Kind);
    }

    [Fact]
    public async Task It_is_not_asked_about_a_task_that_is_there_already()
    {
        await using var fixture = new HostFixture();
        var host = fixture.Open();
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await HostFixture.WaitAsync(host, "t");
        Assert.Equal(StartKind.Same, (await StartAsync(host, TaskSecrets.None, Never))!.Kind);
        Assert.Equal(StartKind.Conflict, (await StartAsync(host, TaskSecrets.None, Never, "其他"))!.Kind);

        static Task<bool> Never(CancellationToken stop) => throw new InvalidOperationException("asked");
    }

    [Fact]
    public async Task Where_it_throws_the_task_waits_to_be_settled_with_its_secrets()
    {
        await using var fixture = new HostFixture();
        fixture.Activities.On("A", (_, _, _) => Task.FromResult<object>(fixture.Secrets.Kept["t"].Token!));
        var host = fixture.Open();
        await Assert.ThrowsAsync<IOException>(() => StartAsync(host, Token, _ => throw new IOException("no answer")));
        Assert.Empty(await host.ListAsync());
        Assert.Empty(await host.ResumeAllAsync(HostFixture.Cancellation));
        // Nobody is told that it is taken while it may still be forgotten.
        Assert.Equal(FailureCodes.StorageUnavailable, (await Assert.ThrowsAsync<FailureException>(() => StartAsync(host, Token, _ => Task.FromResult(true)))).Failure.Code);
        Assert.Equal(FailureCodes.StorageUnavailable, (await Assert.ThrowsAsync<FailureException>(() => HostFixture.StartAsync(host, Specs.Of("t")))).Failure.Code);

        var settled = await host.SettleAsync(
            (task, _) =>
            {
                Assert.Equal(("t", "secret-token", "request"), (task.Spec.TaskId, task.Secrets.Token, task.Fingerprint));
                return Task.FromResult(true);
            },
            HostFixture.Cancellation);
        Assert.Equal((1, 0), (settled.Started, settled.Open.Count));

        Assert.Equal("secret-token", (await HostFixture.WaitAsync(host, "t")).Result!.Summary);
        Assert.Equal(0, (await host.SettleAsync((_, _) => Task.FromResult(true), HostFixture.Cancellation)).Started);
        Assert.Single(fixture.Activities.Calls);
    }

    [Fact]
    public async Task A_task_left_by_a_dead_process_is_settled_by_the_next()
    {
        await using var fixture = new HostFixture();
        await LeaveUnconfirmedAsync(fixture);
        var host = fixture.Open();
        Assert.Equal(1, (await host.SettleAsync((_, _) => Task.FromResult(true), HostFixture.Cancellation)).Started);
        Assert.Equal(TaskState.Completed, (await HostFixture.WaitAsync(host, "t")).State);
        Assert.Single(fixture.Activities.Calls);
    }

    [Fact]
    public async Task A_task_that_can_not_be_decided_about_stays_and_keeps_no_other()
    {
        await using var fixture = new HostFixture();
        var host = fixture.Open();
        foreach (var id in new[] { "a", "b" })
        {
            await Assert.ThrowsAsync<IOException>(() => host.StartAsync(
                new(Specs.Of(id), TaskSecrets.None, "request"), new("request", ""), _ => throw new IOException("no answer"), HostFixture.Cancellation));
        }

        var settled = await host.SettleAsync(
            (task, _) => task.Spec.TaskId == "a" ? throw new IOException("still none") : Task.FromResult(true), HostFixture.Cancellation);

        Assert.Equal(1, settled.Started);
        Assert.Equal(("a", "still none"), (Assert.Single(settled.Open).TaskId, settled.Open[0].Reason.Message));
        Assert.Equal(TaskState.Completed, (await HostFixture.WaitAsync(host, "b")).State);
        Assert.Equal(1, (await host.SettleAsync((_, _) => Task.FromResult(true), HostFixture.Cancellation)).Started);
        Assert.Equal(TaskState.Completed, (await HostFixture.WaitAsync(host, "a")).State);
    }

    [Fact]
    public async Task A_task_left_by_a_dead_process_that_is_anothers_is_forgotten()
    {
        await using var fixture = new HostFixture();
        await LeaveUnconfirmedAsync(fixture);
        var host = fixture.Open();
        Assert.Equal(0, (await host.SettleAsync((_, _) => Task.FromResult(false), HostFixture.Cancellation)).Started);
        Assert.Null(await host.GetAsync("t", HostFixture.Cancellation));
        Assert.Empty(fixture.Secrets.Kept);
        Assert.Empty(fixture.Activities.Calls);
    }

    [Fact]
    public async Task What_a_live_process_decides_about_is_left_to_it()
    {
        await using var fixture = new HostFixture();
        var answer = new TaskCompletionSource<bool>();
        var asked = new TaskCompletionSource();
        var start = StartAsync(fixture.Open(), Token, _ =>
        {
            asked.SetResult();
            return answer.Task;
        });
        await asked.Task.WaitAsync(HostFixture.Bound, HostFixture.Cancellation);

        Assert.Equal(0, (await fixture.Open().SettleAsync((_, _) => Task.FromResult(false), HostFixture.Cancellation)).Started);

        answer.SetResult(true);
        Assert.Equal(StartKind.Started, (await start)!.Kind);
    }

    [Fact]
    public async Task A_reservation_without_its_secrets_is_forgotten_when_others_are_settled()
    {
        await using var fixture = new HostFixture();
        fixture.Secrets.BeforePut = Task.Delay(Timeout.Infinite, HostFixture.Cancellation);
        _ = StartAsync(fixture.Open(), Token, _ => Task.FromResult(true));
        var host = fixture.Open();
        await Eventually.IsTrueAsync(async () => await host.GetAsync("t") is not null, "the id is reserved");
        fixture.LoseOwners();

        Assert.Equal(0, (await host.SettleAsync((_, _) => throw new InvalidOperationException("asked"), HostFixture.Cancellation)).Started);

        Assert.Null(await host.GetAsync("t", HostFixture.Cancellation));
    }

    [Fact]
    public async Task Racing_starts_ask_once_and_start_once()
    {
        await using var fixture = new HostFixture();
        EmbeddedHost[] hosts = [fixture.Open(), fixture.Open()];
        var asked = 0;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 20).Select(number => Task.Run(async () =>
        {
            try
            {
                var outcome = await StartAsync(hosts[number % 2], Token, _ => Task.FromResult(Interlocked.Increment(ref asked) == 1));
                return outcome!.Kind.ToString();
            }
            catch (FailureException exception)
            {
                return exception.Failure.Code;
            }
        })));
        await HostFixture.WaitAsync(hosts[0], "t");

        Assert.Equal(1, asked);
        Assert.Single(outcomes, nameof(StartKind.Started));
        Assert.All(outcomes, outcome => Assert.Contains(outcome, new[] { "Started", "Same", FailureCodes.StorageUnavailable }));
        Assert.Single(fixture.Activities.Calls);
    }

    [Fact]
    public async Task A_deleted_task_is_forgotten_outside_of_the_journal_too_or_stays()
    {
        await using var fixture = new HostFixture();
        var deleting = new List<string>();
        Exception? trouble = new IOException("no answer");
        var host = fixture.Open(deletingAsync: taskId =>
        {
            deleting.Add(taskId);
            return trouble is null ? Task.CompletedTask : Task.FromException(trouble);
        });
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await HostFixture.WaitAsync(host, "t");

        await Assert.ThrowsAsync<IOException>(() => host.DeleteAsync("t", HostFixture.Cancellation));
        Assert.NotNull(await host.GetAsync("t", HostFixture.Cancellation));
        trouble = null;
        Assert.Equal(DeleteOutcome.Deleted, await host.DeleteAsync("t", HostFixture.Cancellation));
        Assert.Equal(["t", "t"], deleting);
    }

    [Fact]
    public async Task A_task_that_another_process_is_deleting_is_left_to_it()
    {
        await using var fixture = new HostFixture();
        var (reached, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        var host = fixture.Open(deletingAsync: async _ =>
        {
            reached.SetResult();
            await goOn.Task;
        });
        await HostFixture.StartAsync(host, Specs.Of("t"));
        await HostFixture.WaitAsync(host, "t");
        var other = fixture.Open();

        var deletion = host.DeleteAsync("t", HostFixture.Cancellation);
        await reached.Task.WaitAsync(HostFixture.Cancellation);
        Assert.Equal(DeleteOutcome.Running, await other.DeleteAsync("t", HostFixture.Cancellation));
        goOn.SetResult();

        Assert.Equal(DeleteOutcome.Deleted, await deletion);
        Assert.Equal(DeleteOutcome.NotFound, await other.DeleteAsync("t", HostFixture.Cancellation));
    }

    // As a process leaves it that is killed while it asks.
    private static async Task LeaveUnconfirmedAsync(HostFixture fixture)
    {
        var asked = new TaskCompletionSource();
        _ = StartAsync(fixture.Open(), Token, async stop =>
        {
            asked.SetResult();
            await Task.Delay(Timeout.Infinite, HostFixture.Cancellation);
            return true;
        });
        await asked.Task.WaitAsync(HostFixture.Bound, HostFixture.Cancellation);
        fixture.LoseOwners();
    }

    private static Task<StartOutcome?> StartAsync(EmbeddedHost host, TaskSecrets secrets, Func<CancellationToken, Task<bool>> confirmAsync, string? intent = null)
    {
        var spec = intent is null ? Specs.Of("t") : Specs.Of("t", intent: intent);
        return host.StartAsync(new(spec, secrets, "request"), new(intent ?? "request", secrets.Token ?? ""), confirmAsync, HostFixture.Cancellation);
    }
}
