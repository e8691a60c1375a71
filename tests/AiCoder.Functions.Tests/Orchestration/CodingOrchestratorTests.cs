using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Activities;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Functions.Orchestration;
using AiCoder.Functions.Tests.Infrastructure;
using AiCoder.Testing.Workflows;

namespace AiCoder.Functions.Tests.Orchestration;

/// <summary>The workflow's scenarios through the orchestrator and its context, replayed from the start at every event.</summary>
public sealed class CodingOrchestratorTests : WorkflowScenarios
{
    private const string Reference = "task.0123456789abcdef";

    [Theory]
    [InlineData(FailureCodes.HostNotFound)]
    [InlineData(FailureCodes.Tls)]
    [InlineData(FailureCodes.InvalidToken)]
    [InlineData(FailureCodes.RepositoryNotFound)]
    [InlineData(FailureCodes.DiskFull)]
    [InlineData(FailureCodes.SandboxUnavailable)]
    public void A_failure_of_each_category_crosses_as_data(string code)
    {
        var (result, _) = Run(new Scenario { Clone = _ => Failure.Of(code, "第 1 次失败") });

        Assert.Equal((TaskState.Failed, code, FailureCodes.CategoryOf(code)), (result.Status, result.Error?.Code, result.Error?.Category));
        Assert.Equal("第 1 次失败", result.Error!.Message);
    }

    [Fact]
    public void A_dead_webhook_fails_nothing_and_what_it_missed_is_listed()
    {
        var (result, _) = Run(new Scenario { Notify = _ => Failure.Of(FailureCodes.Refused, "nobody there") });

        Assert.Equal(TaskState.Completed, result.Status);
        Assert.Equal(Enumerable.Range(1, 7), result.UndeliveredEvents.Select(undelivered => undelivered.Sequence));
    }

    [Fact]
    public void Nobody_who_approves_ends_the_task_after_three_days()
    {
        var scenario = new Scenario();
        scenario.Spec = scenario.Spec with { Approval = ApprovalMode.Changes };
        var (result, host) = ReplayingHost.Run(scenario, Orchestrator(scenario, []));

        Assert.Equal("approval_timeout", result.Error?.Code);
        Assert.Equal(3, host.Elapsed.TotalDays, tolerance: 0.01);
    }

    [Fact]
    public void An_activity_whose_worker_was_stopping_is_called_again_at_once()
    {
        var scenario = new Scenario();
        var code = scenario.Code;
        scenario.Code = call => call.Number <= 3 ? RecordedOrchestration.Interrupted : code(call);
        var (result, _) = Run(scenario);

        Assert.Equal(TaskState.Completed, result.Status);
        Assert.Equal(4, scenario.Calls(ActivityNames.Code));
    }

    [Fact]
    public void An_activity_that_lost_its_worker_is_called_again_after_a_pause()
    {
        var scenario = new Scenario();
        var commit = scenario.Commit;
        scenario.Commit = call => call.Number <= 2 ? RecordedOrchestration.Lost : commit(call);
        var (result, host) = ReplayingHost.Run(scenario, Orchestrator(scenario, []));

        Assert.Equal((TaskState.Completed, 3), (result.Status, scenario.Calls(ActivityNames.Commit)));
        Assert.True(host.Elapsed >= TimeSpan.FromSeconds(10));
    }

    [Fact]
    public void An_activity_that_loses_every_worker_fails_the_task_and_says_so()
    {
        var scenario = new Scenario { Code = _ => RecordedOrchestration.Lost };
        var (result, _) = Run(scenario);

        Assert.Equal((TaskState.Failed, FailureCodes.Unhandled), (result.Status, result.Error?.Code));
        Assert.Contains("lost its worker 5 times", result.Error!.Message, StringComparison.Ordinal);
        Assert.Equal(DurableWorkflowContext.MostLosses, scenario.Calls(ActivityNames.Code));
        Assert.Equal("failed", scenario.DeliveredNames[^1]);
    }

    [Theory]
    [InlineData(TaskState.Completed)]
    [InlineData(TaskState.Failed)]
    public void At_its_end_a_task_gives_up_secrets_and_work_tree_and_tells_what_still_runs_to_end(TaskState status)
    {
        var scenario = new Scenario();
        if (status == TaskState.Failed)
            scenario.Commit = _ => Failure.Of(FailureCodes.PushRejected, "no");
        var (result, payloads) = Run(scenario);

        Assert.Equal(status, result.Status);
        Assert.Equal(1, scenario.Calls(ActivityHost.Release));
        Assert.Equal(1, payloads.Count(payload => payload == "signal start Cancel"));
    }

    [Fact]
    public void Every_activity_is_told_under_which_reference_the_secrets_are_and_to_which_trace_it_belongs()
    {
        var scenario = new Scenario();
        scenario.Spec = scenario.Spec with { TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
        var (_, payloads) = Run(scenario);
        var calls = payloads.Where(payload => payload.Contains("\"secrets_reference\"", StringComparison.Ordinal) && !payload.Contains("\"start_id\"", StringComparison.Ordinal)).ToList();

        Assert.NotEmpty(calls);
        Assert.All(calls, call =>
        {
            var read = JsonSerializer.Deserialize<ActivityCall>(call, AiCoderJson.Options)!;
            Assert.Equal((scenario.Spec.TaskId, Reference, scenario.Spec.TraceParent), (read.TaskId, read.SecretsReference, read.TraceParent));
        });
    }

    [Fact]
    public void Statuses_stay_within_Durables_bound_with_the_longest_request()
    {
        var scenario = new Scenario();
        scenario.Spec = scenario.Spec with { Intent = new string('长', 32_000), Metadata = new() { ["note"] = new string('x', 15_000) } };
        var (result, host) = ReplayingHost.Run(scenario, Orchestrator(scenario, []));

        Assert.Equal(TaskState.Completed, result.Status);
        Assert.All(host.Statuses, status => Assert.True(JsonSerializer.Serialize(status, AiCoderJson.Options).Length < 8_192));
    }

    protected override Task<TaskResult> RunAsync(Scenario scenario) => Task.FromResult(Run(scenario).Result);

    private static (TaskResult Result, IReadOnlyList<string> Payloads) Run(Scenario scenario)
    {
        var payloads = new List<string>();
        var (result, _) = ReplayingHost.Run(scenario, Orchestrator(scenario, payloads));
        return (result, payloads);
    }

    private static Func<IWorkflowContext, TaskSpec, Task<TaskResult>> Orchestrator(Scenario scenario, List<string> payloads)
    {
        scenario.Further = _ => new object();
        return (context, spec) =>
        {
            payloads.Clear();
            var input = new OrchestrationInput(spec, new("request", "secrets"), Reference, "start");
            return CodingOrchestrator.RunAsync(new RecordedOrchestration(context, input, payloads));
        };
    }
}
