using AiCoder.Core.Configuration;
using AiCoder.Core.Secrets;
using AiCoder.Core.Workspaces;
using AiCoder.Functions.Tasks;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace AiCoder.Functions.Triggers;

/// <summary>Once an hour: removes tasks that ended more than RETENTION_DAYS ago with their workspaces, and what kills left behind.</summary>
public sealed class CleanupFunction(
    DurableTasks tasks, AiCoderOptions options, ProtectedSecretStore secrets, WorkspaceStore workspaces, TimeProvider time, ILogger<CleanupFunction> logger)
{
    // Secrets are put away before their task is in the hub. A day later they belong to one, or to nobody.
    private static readonly TimeSpan OrphanAge = TimeSpan.FromDays(1);

    [Function("Cleanup")]
    public async Task RunAsync([TimerTrigger("0 17 * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken stop)
    {
        var host = tasks.HostOn(client);
        var purged = await host.PurgeAsync(time.GetUtcNow().AddDays(-options.RetentionDays), stop);
        foreach (var reference in secrets.FindOlderThan(time.GetUtcNow() - OrphanAge))
        {
            if (!await host.IsInUseAsync(reference, stop))
                await secrets.DeleteAsync(reference, stop);
        }

        workspaces.EmptyTrash(stop);
        await client.Entities.CleanEntityStorageAsync(cancellation: stop);
        if (purged > 0)
            logger.LogInformation("{Count} old tasks were removed", purged);
    }
}
