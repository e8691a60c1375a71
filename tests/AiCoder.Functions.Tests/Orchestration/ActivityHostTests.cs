using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Activities;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Tasks;
using AiCoder.Functions.Orchestration;
using AiCoder.Functions.Tasks;
using AiCoder.Functions.Tests.Infrastructure;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiCoder.Functions.Tests.Orchestration;

public sealed class ActivityHostTests : IDisposable
{
    private const string TaskId = "a";

    private readonly HostFixture _fixture = new();
    private readonly Lifetime _lifetime = new();

    private static CancellationToken Stop => HostFixture.Stop;

    [Fact]
    public async Task A_cancel_in_the_mailbox_reaches_the_activity_that_runs()
    {
        var running = RunAsync(ActivityNames.Code, WaitForCancelAsync);
        _fixture.Hub.Mailboxes.Set(TaskId, new() { Cancelled = true });

        Assert.Equal("true", (await running).Output!.Value.GetProperty("cancelled").GetRawText());
    }

    [Fact]
    public async Task A_mailbox_that_can_not_be_read_for_a_while_delays_the_cancel_and_loses_nothing()
    {
        _fixture.Hub.Mailboxes.Fail = new TimeoutException();
        var running = RunAsync(ActivityNames.Code, WaitForCancelAsync);
        _fixture.Hub.Mailboxes.Set(TaskId, new() { Cancelled = true });
        _fixture.Hub.Mailboxes.Fail = null;

        Assert.Equal("true", (await running).Output!.Value.GetProperty("cancelled").GetRawText());
    }

    [Fact]
    public async Task Messages_are_handed_out_by_number()
    {
        _fixture.Hub.Mailboxes.Set(TaskId, new() { Messages = [new(1, "one"), new(2, "two")] });
        var answer = await RunAsync(ActivityNames.Code, async (context, stop) =>
            (await context.Signals.ReadMessagesAsync(1, stop)).Select(message => message.Text));

        Assert.Equal("[\"two\"]", answer.Output!.Value.GetRawText());
    }

    [Fact]
    public async Task A_worker_that_stops_hands_the_activity_back_at_its_next_safe_point()
    {
        var running = RunAsync(ActivityNames.Code, async (context, _) =>
        {
            await Task.Delay(Timeout.Infinite, context.Stopping);
            return "never";
        });
        _lifetime.StopApplication();

        var answer = await running;
        Assert.Equal((true, false), (answer.Interrupted, answer.Output.HasValue));
    }

    [Fact]
    public async Task An_activity_that_reaches_no_safe_point_is_stopped_before_the_host_gives_up_waiting()
    {
        var running = RunAsync(ActivityNames.Validate, async (_, stop) =>
        {
            await Task.Delay(Timeout.Infinite, stop);
            return "never";
        });
        _lifetime.StopApplication();

        Assert.True((await running.WaitAsync(TimeSpan.FromSeconds(30), Stop)).Interrupted);
    }

    [Fact]
    public async Task An_activity_that_finishes_while_the_worker_stops_keeps_its_answer()
    {
        var answer = await RunAsync(ActivityNames.Commit, async (_, _) =>
        {
            _lifetime.StopApplication();
            await Task.Yield();
            return "pushed";
        });

        Assert.Equal((false, "\"pushed\""), (answer.Interrupted, answer.Output!.Value.GetRawText()));
    }

    [Fact]
    public async Task Each_event_is_kept_before_it_is_delivered_and_once_however_often_it_is_tried()
    {
        for (var attempt = 1; attempt <= 2; attempt++)
        {
            var sent = new TaskEvent(TaskId, TaskState.Cloning, new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc), new() { ["repo"] = "仓库", ["sequence"] = 2 });
            await RunAsync(ActivityNames.Notify, (_, _) => Task.FromResult("ok"), JsonSerializer.SerializeToElement(new NotifyInput(null, sent, attempt), AiCoderJson.Options));
        }

        var kept = Assert.Single(await _fixture.Events.ReadAsync(TaskId, 0, Stop));
        Assert.Equal((TaskState.Cloning, "仓库"), (kept.Status, (string?)kept.Data["repo"]));
        Assert.Empty(await _fixture.Events.ReadAsync(TaskId, 2, Stop));
    }

    [Fact]
    public async Task The_end_of_a_task_deletes_its_secrets_and_gives_its_sandbox_up()
    {
        await _fixture.Secrets.PutAsync("a.1", new TaskSecrets { Token = "t-0123456789" }, Stop);
        await Host((_, _) => Task.FromResult("")).ReleaseAsync(new(TaskId, TaskId, "a.1", null, null), Stop);
        Assert.Equal(_fixture.Workspaces.FolderOf(TaskId), _sandbox.Folder);

        Assert.Equal(0, _fixture.KeptSecrets);
    }

    private readonly SandboxGivenUp _sandbox = new();

    public void Dispose()
    {
        _fixture.Dispose();
        _lifetime.Dispose();
    }

    private static async Task<object> WaitForCancelAsync(ActivityContext context, CancellationToken stop)
    {
        try
        {
            await Task.Delay(TimeSpan.FromSeconds(60), context.Signals.Cancelled);
        }
        catch (OperationCanceledException)
        {
        }

        return new Outcome<string> { Cancelled = context.Signals.Cancelled.IsCancellationRequested };
    }

    private Task<ActivityAnswer> RunAsync<T>(string name, Func<ActivityContext, CancellationToken, Task<T>> run, JsonElement? input = null) =>
        Host(run).RunAsync(name, new(TaskId, TaskId, null, null, input ?? JsonSerializer.SerializeToElement(1)), _fixture.Hub, Stop);

    private ActivityHost Host<T>(Func<ActivityContext, CancellationToken, Task<T>> run) => new(
        new OneActivity<T>(run), _fixture.Secrets, _fixture.Workspaces, _sandbox, _fixture.Events, _lifetime, TimeProvider.System, NullLogger<ActivityHost>.Instance);

    private sealed class OneActivity<T>(Func<ActivityContext, CancellationToken, Task<T>> run) : IActivityInvoker
    {
        public async Task<JsonElement> InvokeAsync(string name, JsonElement input, ActivityContext context, CancellationToken stop) =>
            JsonSerializer.SerializeToElement(await run(context, stop), AiCoderJson.Options);
    }

    private sealed class SandboxGivenUp : ISandbox
    {
        public string? Folder { get; private set; }

        public Task ProbeAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public string PathInside(string path) => path;

        public Task<CommandOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task ReleaseAsync(string folder, CancellationToken cancellationToken)
        {
            Folder = folder;
            return Task.CompletedTask;
        }
    }

    private sealed class Lifetime : IHostApplicationLifetime, IDisposable
    {
        private readonly CancellationTokenSource _stopping = new();

        public CancellationToken ApplicationStarted => CancellationToken.None;
        public CancellationToken ApplicationStopping => _stopping.Token;
        public CancellationToken ApplicationStopped => CancellationToken.None;

        public void StopApplication() => _stopping.Cancel();

        public void Dispose() => _stopping.Dispose();
    }
}
