using AiCoder.Core.Activities;
using AiCoder.Functions.Orchestration;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace AiCoder.Functions.Triggers;

/// <summary>The activities of the workflow, and the one at its end.</summary>
public sealed class ActivityFunctions(ActivityHost host)
{
    [Function(ActivityNames.Clone)]
    public Task<ActivityAnswer> CloneAsync([ActivityTrigger] ActivityCall call, [DurableClient] DurableTaskClient client, CancellationToken stopping) =>
        host.RunAsync(ActivityNames.Clone, call, client, stopping);

    [Function(ActivityNames.Analyze)]
    public Task<ActivityAnswer> AnalyzeAsync([ActivityTrigger] ActivityCall call, [DurableClient] DurableTaskClient client, CancellationToken stopping) =>
        host.RunAsync(ActivityNames.Analyze, call, client, stopping);

    [Function(ActivityNames.Code)]
    public Task<ActivityAnswer> CodeAsync([ActivityTrigger] ActivityCall call, [DurableClient] DurableTaskClient client, CancellationToken stopping) =>
        host.RunAsync(ActivityNames.Code, call, client, stopping);

    [Function(ActivityNames.Validate)]
    public Task<ActivityAnswer> ValidateAsync([ActivityTrigger] ActivityCall call, [DurableClient] DurableTaskClient client, CancellationToken stopping) =>
        host.RunAsync(ActivityNames.Validate, call, client, stopping);

    [Function(ActivityNames.Commit)]
    public Task<ActivityAnswer> CommitAsync([ActivityTrigger] ActivityCall call, [DurableClient] DurableTaskClient client, CancellationToken stopping) =>
        host.RunAsync(ActivityNames.Commit, call, client, stopping);

    [Function(ActivityNames.Notify)]
    public Task<ActivityAnswer> NotifyAsync([ActivityTrigger] ActivityCall call, [DurableClient] DurableTaskClient client, CancellationToken stopping) =>
        host.RunAsync(ActivityNames.Notify, call, client, stopping);

    [Function(ActivityHost.Release)]
    public Task<ActivityAnswer> ReleaseAsync([ActivityTrigger] ActivityCall call, CancellationToken stopping) =>
        host.ReleaseAsync(call, stopping);
}
