using System.Text;
using k8s.Models;

namespace AiCoder.Kubernetes.Tests.Api;

/// <summary>A pod whose fate a test decides. Each step is what a node or a controller would write in its status.</summary>
internal sealed class PodDouble(ApiServer server, V1Pod pod, V1Job job)
{
    public const string Node = "node-1";

    public V1Pod Pod => pod;
    public ContainerLog Log { get; } = new();

    /// <summary>What the container's program is given: the command's words and the environment, as the node resolves them.</summary>
    public IReadOnlyList<string> Command { get; private set; } = [];

    /// <inheritdoc cref="Command"/>
    public IReadOnlyDictionary<string, string> Environment { get; private set; } = new Dictionary<string, string>();

    public void Unschedulable(string message) => Change(() => pod.Status.Conditions =
        [new() { Type = "PodScheduled", Status = "False", Reason = "Unschedulable", Message = message }]);

    public void Schedule() => Change(() =>
    {
        pod.Spec.NodeName = Node;
        pod.Status.Conditions = [new() { Type = "PodScheduled", Status = "True" }];
        pod.Status.ContainerStatuses = [Status(new() { Waiting = new() { Reason = "ContainerCreating" } })];
    });

    public void Wait(string reason, string message) => Change(() =>
    {
        pod.Spec.NodeName = Node;
        pod.Status.ContainerStatuses = [Status(new() { Waiting = new() { Reason = reason, Message = message } })];
    });

    /// <summary>Starts the container, with the Secret that there is at this moment.</summary>
    public void Start()
    {
        var container = pod.Spec.Containers[0];
        var values = new Dictionary<string, string>();
        foreach (var variable in container.Env ?? [])
        {
            if (variable.ValueFrom?.SecretKeyRef is not { } reference)
                values[variable.Name] = Expand(variable.Value, values);
            else if (server.Secret(reference.Name)?.Data.TryGetValue(reference.Key, out var value) == true)
                values[variable.Name] = Encoding.UTF8.GetString(value);
            else
                throw new InvalidOperationException($"CreateContainerConfigError: secret \"{reference.Name}\" not found, or without {reference.Key}");
        }

        Environment = values;
        Command = [.. (container.Command ?? []).Concat(container.Args ?? []).Select(word => Expand(word, values))];
        Change(() =>
        {
            pod.Spec.NodeName = Node;
            pod.Status.Phase = "Running";
            pod.Status.ContainerStatuses = [Status(new() { Running = new() { StartedAt = DateTime.UtcNow } })];
        });
    }

    public void End(int exitCode, string? reason = null, string? message = null)
    {
        Log.End();
        Change(() =>
        {
            pod.Status.Phase = exitCode == 0 ? "Succeeded" : "Failed";
            pod.Status.ContainerStatuses =
                [Status(new() { Terminated = new() { ExitCode = exitCode, Reason = reason ?? (exitCode == 0 ? "Completed" : "Error"), Message = message } })];
        });
        server.EndJob(job, exitCode == 0 ? "Complete" : "Failed", exitCode == 0 ? "CompletionsReached" : "BackoffLimitExceeded", "Job has reached the specified backoff limit");
    }

    /// <summary>Short of memory, the node takes the pod away, and with it what was known of the container.</summary>
    public void Evict(string message)
    {
        Log.End();
        Change(() =>
        {
            pod.Status.Phase = "Failed";
            pod.Status.Reason = "Evicted";
            pod.Status.Message = message;
            pod.Status.ContainerStatuses = null;
        });
        server.EndJob(job, "Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit");
    }

    public void Disrupt(string reason, string message) => Change(() =>
    {
        pod.Metadata.DeletionTimestamp = DateTime.UtcNow;
        pod.Status.Conditions = [new() { Type = "DisruptionTarget", Status = "True", Reason = reason, Message = message }];
    });

    public void Deleting() => Change(() => pod.Metadata.DeletionTimestamp = DateTime.UtcNow);

    public void Vanish() => server.Remove(this);

    public void Change(Action change) => server.Change(change);

    /// <summary>The node's rule: $(NAME) is a variable where it is known, $$ is one $, everything else stands for itself.</summary>
    public static string Expand(string text, Dictionary<string, string> values)
    {
        var expanded = new StringBuilder();
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] != '$' || at + 1 == text.Length)
            {
                expanded.Append(text[at]);
            }
            else if (text[at + 1] == '$')
            {
                expanded.Append('$');
                at++;
            }
            else if (text[at + 1] == '(' && text.IndexOf(')', at) is > 0 and var close)
            {
                var name = text[(at + 2)..close];
                expanded.Append(values.TryGetValue(name, out var value) ? value : text[at..(close + 1)]);
                at = close;
            }
            else
            {
                expanded.Append('$');
            }
        }

        return expanded.ToString();
    }

    private V1ContainerStatus Status(V1ContainerState state) => new()
    {
        Name = pod.Spec.Containers[0].Name, Image = pod.Spec.Containers[0].Image, ImageID = "", Ready = state.Running is not null, RestartCount = 0, State = state,
    };
}
