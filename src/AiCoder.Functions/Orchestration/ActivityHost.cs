using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Activities;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Workspaces;
using AiCoder.Functions.Tasks;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AiCoder.Functions.Orchestration;

/// <summary>Runs activities for the activity functions.</summary>
public sealed class ActivityHost(
    IActivityInvoker activities,
    ISecretStore secrets,
    WorkspaceStore workspaces,
    ISandbox sandbox,
    EventLog events,
    IHostApplicationLifetime lifetime,
    TimeProvider time,
    ILogger<ActivityHost> logger)
{
    /// <summary>The host's own activity at a task's end; no part of the workflow.</summary>
    public const string Release = "Release";

    // The Functions host waits 10 s for its workers when it stops. What has not come to a safe point by then is stopped hard, and the
    // rest is for saying so.
    private static readonly TimeSpan GracefulStop = TimeSpan.FromSeconds(6);

    // These two are called again whatever happens, and a cancel does not cut them short.
    private static readonly HashSet<string> Uncancellable = [ActivityNames.Commit, ActivityNames.Notify];

    /// <summary>Runs an activity.</summary>
    /// <param name="name">Which.</param>
    /// <param name="call">Its input.</param>
    /// <param name="client">By which it learns of cancel and messages.</param>
    /// <param name="stopping">The Functions host wants this invocation to end.</param>
    /// <returns>What it answered, or that it was interrupted. Never throws for what goes wrong inside it.</returns>
    public async Task<ActivityAnswer> RunAsync(string name, ActivityCall call, DurableTaskClient client, CancellationToken stopping)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(stopping, lifetime.ApplicationStopping);
        using var hard = new CancellationTokenSource();
        await using var registration = stop.Token.Register(() => hard.CancelAfter(GracefulStop));
        await using var signals = new MailboxSignals(client, call.Mailbox, time, logger, watch: !Uncancellable.Contains(name));
        var context = new ActivityContext
        {
            TaskId = call.TaskId,
            SecretsReference = call.SecretsReference ?? call.TaskId,
            TraceParent = call.TraceParent,
            Signals = signals,
            Stopping = stop.Token,
        };
        try
        {
            if (name == ActivityNames.Notify)
                await KeepEventAsync(call, hard.Token);
            return new() { Output = await activities.InvokeAsync(name, call.Input!.Value, context, hard.Token) };
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return new() { Interrupted = true };
        }
    }

    /// <summary>A task has ended: deletes its secrets and gives its work tree up.</summary>
    public async Task<ActivityAnswer> ReleaseAsync(ActivityCall call, CancellationToken stopping)
    {
        if (call.SecretsReference is { } reference)
            await secrets.DeleteAsync(reference, stopping);
        // First what may still hold files open.
        await sandbox.ReleaseAsync(workspaces.FolderOf(call.TaskId), stopping);
        await workspaces.ReleaseAsync(call.TaskId, stopping);
        return new();
    }

    private async Task KeepEventAsync(ActivityCall call, CancellationToken cancellationToken)
    {
        try
        {
            var input = call.Input!.Value.Deserialize<NotifyInput>(AiCoderJson.Options)!;
            await events.KeepAsync(input.Event, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The delivery matters more than who asks later.
            logger.LogWarning("An event of task {TaskId} could not be kept: {Message}", call.TaskId, exception.Message);
        }
    }
}
