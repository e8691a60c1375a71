using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Core.Secrets;
using AiCoder.Core.Workspaces;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace AiCoder.Functions.Tasks;

/// <summary>The task hub as a <see cref="ITaskHost"/>, and the API on it, for one invocation: the client is the invocation's.</summary>
public sealed class DurableTasks(
    AiCoderOptions options, ISecretStore secrets, SecretFingerprint fingerprint, WorkspaceStore workspaces, EventLog events, ReadinessProbe probe, TimeProvider time,
    ILogger<DurableTasks> logger)
{
    public DurableTaskHost HostOn(DurableTaskClient client) => new(client, options, secrets, fingerprint, workspaces, events, probe, logger);

    public TaskApi ApiOn(DurableTaskClient client) => new(options, HostOn(client), workspaces, time);
}
