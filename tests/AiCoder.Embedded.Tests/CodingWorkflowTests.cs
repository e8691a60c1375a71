using System.Text.Json;
using AiCoder.Core.Activities;
using AiCoder.Core.Configuration;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;
using AiCoder.Testing;
using AiCoder.Testing.Workflows;

namespace AiCoder.Embedded.Tests;

/// <summary>The workflow's scenarios on the embedded host, in real time.</summary>
public sealed class CodingWorkflowTests : WorkflowScenarios
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    protected override async Task<TaskResult> RunAsync(Scenario scenario)
    {
        using var folder = new TemporaryFolder();
        var options = new AiCoderOptions { WorkspaceDir = folder.Root, StateDir = Path.Combine(folder.Root, "state") };
        using var secrets = new ProtectedSecretStore(options);
        await using var host = EmbeddedHost.Open(new()
        {
            Options = options,
            Activities = new ScenarioActivities(scenario),
            Secrets = secrets,
            Workflow = CodingWorkflow.RunAsync,
        });
        scenario.Control = new HostControl(host, scenario.Spec.TaskId);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        bound.CancelAfter(Bound);

        await host.StartAsync(scenario.Spec, TaskSecrets.None, "request", "secrets", bound.Token);
        var record = await host.WaitAsync(scenario.Spec.TaskId, bound.Token);
        return record?.Result ?? throw new InvalidOperationException("The task ended without a result.");
    }

    private sealed class ScenarioActivities(Scenario scenario) : IActivityInvoker
    {
        public async Task<JsonElement> InvokeAsync(string name, JsonElement input, ActivityContext context, CancellationToken stop)
        {
            await Task.Yield();
            var answer = scenario.Answer(name, input);
            if (ReferenceEquals(answer, Scenario.Hang))
                await Task.Delay(Timeout.Infinite, stop);
            return Scenario.ToOutcome(answer);
        }
    }

    private sealed class HostControl(EmbeddedHost host, string taskId) : IScenarioControl
    {
        public void Cancel() => Send(host.CancelAsync(taskId));

        public void Approve(bool approved, string? comment = null) => Send(host.ApproveAsync(taskId, approved, comment));

        // Called from inside an activity, on a thread of the pool: the message is on the disk when this returns.
        private static void Send(Task sending) => sending.GetAwaiter().GetResult();
    }
}
