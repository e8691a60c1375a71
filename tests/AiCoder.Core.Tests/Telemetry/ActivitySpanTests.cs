using System.Diagnostics;
using System.Text.Json;
using ActivityContext = AiCoder.Core.Activities.ActivityContext;
using AiCoder.Core.Activities;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Core.Network;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Tests.Activities;
using AiCoder.Core.Tests.Sandbox;
using AiCoder.Demo;
using AiCoder.Testing.Workflows;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiCoder.Core.Tests.Telemetry;

public sealed class ActivitySpanTests
{
    private const string TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_activity_s_span_belongs_to_the_task_s_trace_and_tells_its_failure()
    {
        using var probe = new TelemetryProbe();

        await InvokeAsync(_ => Task.CompletedTask);
        await InvokeAsync(_ => throw new FailureException(FailureCodes.Refused, "git.example.com refused"));

        Assert.All(probe.Spans, span => Assert.Equal(
            ("Notify", "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "t1"),
            (span.OperationName, span.TraceId.ToString(), span.ParentSpanId.ToString(), span.GetTagItem("task_id"))));
        Assert.Equal([ActivityStatusCode.Unset, ActivityStatusCode.Error], probe.Spans.Select(span => span.Status));
        Assert.Equal("network/refused", probe.Spans[1].GetTagItem("error.type"));
        Assert.Equal([null, "network/refused"], probe.Of("aicoder.activity.duration").Select(figure => figure["error.type"]));
    }

    [Fact]
    public async Task An_activity_that_is_interrupted_has_neither_failed_nor_a_duration()
    {
        using var probe = new TelemetryProbe();
        using var stop = new CancellationTokenSource();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => InvokeAsync(
            async token =>
            {
                await stop.CancelAsync();
                token.ThrowIfCancellationRequested();
            },
            stop.Token));

        Assert.Equal((ActivityStatusCode.Unset, "interrupted"), (probe.Spans[0].Status, probe.Spans[0].GetTagItem("aicoder.outcome")));
        Assert.Empty(probe.Of("aicoder.activity.duration"));
    }

    [Fact]
    public async Task A_model_call_tells_tokens_cost_and_address_and_nothing_that_was_said()
    {
        await using var model = await ScriptedModel.StartAsync(
            request => request.Number == 1
                ? ScriptedReply.Say("said in confidence") with { Usage = new(1000, 50, CachedTokens: 800) }
                : ScriptedReply.Error(429, "busy"),
            Cancel);
        var options = new AiCoderOptions { WorkspaceDir = "/tmp", StateDir = "/tmp", BaseUrl = model.BaseUrl, ApiKey = "sk-operator-key-0001", Model = "gpt-4o", CallerIsOperator = true };
        using var factory = new ModelClientFactory(options, new AddressGuard(options), TimeProvider.System);
        var client = factory.Create(new Scenario().Spec with { Model = "gpt-4o" }, TaskSecrets.None);
        var question = new ModelRequest { Messages = [ChatMessage.User("asked in confidence")] };
        using var probe = new TelemetryProbe();

        await client.CompleteAsync(question, Cancel).ConfigureAwait(true);
        Assert.Empty(probe.Spans);
        await InvokeAsync(async token => await Assert.ThrowsAsync<FailureException>(() => client.CompleteAsync(question, token)));

        var failed = probe.Spans.Single(span => span.Kind == ActivityKind.Client);
        var outer = probe.Spans.Single(span => span.OperationName == "Notify");
        Assert.Equal(("chat gpt-4o", outer.SpanId, "t1", "network/rate_limited"), (failed.OperationName, failed.ParentSpanId, failed.GetTagItem("task_id"), failed.GetTagItem("error.type")));
        Assert.Equal(("chat", "openai", "127.0.0.1"), (failed.GetTagItem("gen_ai.operation.name"), failed.GetTagItem("gen_ai.provider.name"), failed.GetTagItem("server.address")));
        Assert.Equal(
            [("cached_input", 800), ("input", 200), ("output", 50)],
            probe.Of("aicoder.model.tokens").Select(figure => (figure["gen_ai.token.type"], figure.Value)).Order());
        Assert.Equal(((200 * 2.5) + (800 * 1.25) + (50 * 10)) / 1_000_000, Assert.Single(probe.Of("aicoder.model.cost")).Value, tolerance: 1e-9);
        Assert.Equal([null, "network/rate_limited"], probe.Of("aicoder.model.duration").Select(figure => figure["error.type"]));
        Assert.DoesNotContain(probe.Spans.SelectMany(span => span.TagObjects), tag => tag.Value?.ToString()?.Contains("confidence", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task A_command_tells_its_program_and_exit_code_and_not_its_line()
    {
        using var fixture = new SandboxFixture(SandboxKind.None);
        using var probe = new TelemetryProbe();

        await fixture.RunAsync("true");
        Assert.Empty(probe.Spans);
        await InvokeAsync(_ => fixture.RunAsync("cat no-such-file --password=hunter2", command => command with { Purpose = SandboxPurpose.Test }));

        var span = probe.Spans.Single(span => span.OperationName == "test");
        Assert.Equal(("t1", "cat", 1, "exited"), (span.GetTagItem("task_id"), span.GetTagItem("process.executable.name"), span.GetTagItem("process.exit.code"), span.GetTagItem("aicoder.command.ending")));
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
        Assert.DoesNotContain(span.TagObjects, tag => tag.Value?.ToString()?.Contains("hunter2", StringComparison.Ordinal) == true);
        Assert.Equal(["run_command", "test"], probe.Of("aicoder.command.duration").Select(figure => figure["aicoder.command.purpose"]));
    }

    [Theory]
    [InlineData("npm test", "npm")]
    [InlineData("  ./gradlew test", "gradlew")]
    [InlineData("CI=1 PATH=/a:/b /usr/bin/python3 -m pytest", "python3")]
    [InlineData("TOKEN='a word hidden' npm test", "sh")]
    [InlineData("TOKEN=\"a word\" npm test", "sh")]
    [InlineData("TOKEN=$(cat secret) npm test", "sh")]
    [InlineData("TOKEN=abc", "sh")]
    [InlineData("$TOKEN", "sh")]
    [InlineData("ghp_0123456789abcdef0123456789abcdef0123", "sh")]
    [InlineData("operator-key", "sh")]
    [InlineData("", "sh")]
    public void A_program_s_name_is_told_only_where_it_is_surely_no_more(string line, string name) =>
        Assert.Equal(name, ProgramName.Of(["/bin/sh", "-c", line], new SecretRedactor(["operator-key"])));

    [Fact]
    public void A_program_that_is_started_without_a_shell_is_told_by_its_name() =>
        Assert.Equal("python3", ProgramName.Of(["/usr/bin/python3", "-c", "print('x')"], SecretRedactor.None));

    private static Task<JsonElement> InvokeAsync(Func<CancellationToken, Task> run, CancellationToken stop = default)
    {
        var activities = new ActivitySet(NullLogger<ActivitySet>.Instance, TimeProvider.System);
        activities.Add<NotifyInput, NotifyOutput>(ActivityNames.Notify, async (_, _, token) =>
        {
            await run(token);
            return new NotifyOutput(Stop: false);
        });
        var input = new NotifyInput(null, new TaskEvent("t1", TaskState.Started, DateTime.UtcNow, []), 1);
        return activities.InvokeAsync(
            ActivityNames.Notify,
            JsonSerializer.SerializeToElement(input, AiCoderJson.Options),
            new ActivityContext { TaskId = "t1", TraceParent = TraceParent, Signals = new NoSignals() },
            stop);
    }
}
