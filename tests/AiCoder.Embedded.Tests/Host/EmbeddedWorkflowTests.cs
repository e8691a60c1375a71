using System.Text.Json;
using AiCoder.Core.Activities;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Testing.Workflows;

namespace AiCoder.Embedded.Tests.Host;

/// <summary>The coding workflow on the embedded host.</summary>
public sealed class EmbeddedWorkflowTests : WorkflowScenarios
{
    protected override async Task<TaskResult> RunAsync(Scenario scenario)
    {
        await using var fixture = new HostFixture { Workflow = CodingWorkflow.RunAsync };
        var host = fixture.Open(time: new ScaledTime(20), activities: new ScenarioActivities(scenario));
        scenario.Control = new HostControl(host, scenario.Spec.TaskId);
        await HostFixture.StartAsync(host, scenario.Spec);
        var record = await HostFixture.WaitAsync(host, scenario.Spec.TaskId);

        var history = await host.GetHistoryAsync(scenario.Spec.TaskId, HostFixture.Cancellation);
        Assert.Equal(
            JsonSerializer.Serialize(record.Result, Core.AiCoderJson.Options),
            JsonSerializer.Serialize(Embedded.Replay.WorkflowReplay.Verify(CodingWorkflow.RunAsync, scenario.Spec, history), Core.AiCoderJson.Options));
        return record.Result!;
    }

    private sealed class ScenarioActivities(Scenario scenario) : IActivityInvoker
    {
        public async Task<JsonElement> InvokeAsync(string name, JsonElement input, ActivityContext context, CancellationToken stop)
        {
            var answer = scenario.Answer(name, input);
            if (answer == Scenario.Hang)
                await Task.Delay(Timeout.Infinite, stop);
            return Scenario.ToOutcome(answer);
        }
    }

    private sealed class HostControl(EmbeddedHost host, string taskId) : IScenarioControl
    {
        public void Cancel() => _ = host.CancelAsync(taskId, "test");

        public void Approve(bool approved, string? comment = null) => _ = host.ApproveAsync(taskId, approved, comment);
    }
}
