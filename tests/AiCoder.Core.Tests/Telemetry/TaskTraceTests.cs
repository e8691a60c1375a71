using System.Diagnostics;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Core.Telemetry;
using AiCoder.Testing.Workflows;

namespace AiCoder.Core.Tests.Telemetry;

public sealed class TaskTraceTests
{
    private const string Callers = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private static AcceptedTask Accepted => new(new Scenario().Spec, TaskSecrets.None, "fingerprint");

    [Fact]
    public void A_task_that_brought_no_trace_gets_one_of_its_own_also_where_nobody_exports()
    {
        var (one, other) = (TaskTrace.Begin(Accepted).Spec.TraceParent, TaskTrace.Begin(Accepted).Spec.TraceParent);

        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-01$", one);
        Assert.True(ActivityContext.TryParse(one, null, out _));
        Assert.NotEqual(one, other);
    }

    [Fact]
    public void A_request_s_trace_goes_on()
    {
        using var probe = new TelemetryProbe();

        var accepted = TaskTrace.Begin(Accepted, Callers);

        var span = Assert.Single(probe.Spans);
        Assert.Equal(("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"), (span.TraceId.ToString(), span.ParentSpanId.ToString()));
        Assert.Equal($"00-{span.TraceId}-{span.SpanId}-01", accepted.Spec.TraceParent);
        Assert.Equal(accepted.Spec.TaskId, span.GetTagItem("task_id"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nX-Injected: 1")]
    public void A_malformed_trace_counts_as_none(string traceParent)
    {
        var begun = TaskTrace.Begin(Accepted, traceParent).Spec.TraceParent!;

        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-01$", begun);
        Assert.DoesNotContain("0af7651916cd43dd8448eb211c80319c", begun, StringComparison.Ordinal);
    }

    [Fact]
    public void A_caller_who_records_nothing_is_followed_in_that()
    {
        var begun = TaskTrace.Begin(Accepted, Callers[..^1] + "0");

        Assert.EndsWith("-00", begun.Spec.TraceParent, StringComparison.Ordinal);
    }

    [Fact]
    public void A_trace_makes_no_other_task()
    {
        var (one, other) = (TaskTrace.Begin(Accepted), TaskTrace.Begin(Accepted));

        Assert.Empty(new TaskIdentity("a", "").Differences(one.Spec, new("b", ""), one.Spec with { TraceParent = other.Spec.TraceParent }));
    }

    [Fact]
    public void An_end_is_counted_once_however_often_the_workflow_is_replayed()
    {
        using var probe = new TelemetryProbe();
        var scenario = new Scenario();
        scenario.Spec = scenario.Spec with { TraceParent = Callers };
        var analyze = scenario.Analyze;
        scenario.Analyze = call => call.Number <= 2 ? Failure.Of(FailureCodes.RateLimited, "429") : analyze(call);
        scenario.Notify = call => call.Number == 1 ? Failure.Of(FailureCodes.Reset, "reset") : null;

        var (result, host) = ReplayingHost.Run(scenario);

        Assert.True(host.Replays > 10);
        var task = Assert.Single(probe.Of("aicoder.tasks"));
        Assert.Equal((1, "completed", null), (task.Value, task["aicoder.task.status"], task["error.type"]));
        Assert.Equal(
            [("Analyze", "network/rate_limited"), ("Analyze", "network/rate_limited"), ("Notify", "network/reset")],
            probe.Of("aicoder.retries").Select(retry => (retry["aicoder.activity"], retry["error.type"])).Order());
        Assert.Equal(result.Timings["analyzing"], Assert.Single(probe.Of("aicoder.stage.duration"), figure => figure["aicoder.stage"] == "analyzing").Value);
        var span = Assert.Single(probe.Spans);
        Assert.Equal(("task", "0af7651916cd43dd8448eb211c80319c", ActivityStatusCode.Unset), (span.OperationName, span.TraceId.ToString(), span.Status));
        Assert.Equal(result.Timings["total"], span.Duration.TotalSeconds, tolerance: 0.01);
    }

    [Fact]
    public void A_failure_is_counted_by_its_category_and_code_and_its_words_are_not_told()
    {
        using var probe = new TelemetryProbe();

        ReplayingHost.Run(new Scenario { Clone = _ => Failure.Of(FailureCodes.InvalidToken, "The token of git.example.com/g/p is refused.") });

        Assert.Equal(("failed", "authentication/invalid_token"), (probe.Of("aicoder.tasks")[0]["aicoder.task.status"], probe.Of("aicoder.tasks")[0]["error.type"]));
        var span = Assert.Single(probe.Spans);
        Assert.Equal((ActivityStatusCode.Error, "authentication/invalid_token"), (span.Status, span.StatusDescription));
        Assert.DoesNotContain(span.TagObjects, tag => tag.Value?.ToString()?.Contains("example.com", StringComparison.Ordinal) == true);
    }
}
