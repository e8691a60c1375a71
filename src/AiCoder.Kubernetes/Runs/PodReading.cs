using AiCoder.Kubernetes.Clusters;
using k8s.Models;

namespace AiCoder.Kubernetes.Runs;

/// <summary>What a pod's status says about the run. Other containers (a mesh's side-car) don't count.</summary>
internal static class PodReading
{
    public static PodState Of(V1Pod pod, RunRequest request)
    {
        var status = pod.Status;
        var container = status?.ContainerStatuses?.FirstOrDefault(candidate => candidate.Name == RunManifests.Container);
        if (container?.State?.Terminated is { } terminated)
            return new(End: Ended(terminated, pod, request), HasLog: true);
        if (status?.Phase is "Failed")
            return new(End: new(1, Lost(pod) ?? $"The pod failed before its container ran: {status.Reason} {status.Message}".TrimEnd()));
        if (container?.State?.Running is not null)
            return new(HasLog: true);
        if (container?.State?.Waiting is { Reason: { } reason } waiting && TroubleOf(reason, waiting.Message ?? "", request) is { } trouble)
            return new(Trouble: trouble);
        if (status?.Conditions?.FirstOrDefault(condition => condition is { Type: "PodScheduled", Status: "False", Reason: "Unschedulable" }) is { } condition)
        {
            return new(Trouble: new(
                condition.Reason,
                $"No node takes the pod: {condition.Message}. Ask for less with --request-cpu and --request-memory, add nodes, or wait longer with --pending-timeout.",
                PodPatience.Node));
        }

        return new(Waiting: pod.Spec?.NodeName is { Length: > 0 } node
            ? $"The pod {pod.Metadata.Name} starts on the node {node}: {container?.State?.Waiting?.Reason ?? status?.Phase}."
            : $"The pod {pod.Metadata.Name} waits for a node.");
    }

    /// <summary>An image that can't be pulled, with the registry's or the node's own words.</summary>
    public static PodTrouble PullTrouble(string reason, string message, RunRequest request) => new(
        reason,
        $"The image {request.Image} can't be pulled ({reason}): {message} Check its name and tag. A private registry needs --image-pull-secret, or on AKS 'az aks update --attach-acr'.",
        StartTrouble.IsSettledPull(reason, message) ? PodPatience.None : PodPatience.Grace);

    private static PodTrouble? TroubleOf(string reason, string message, RunRequest request) => reason switch
    {
        "InvalidImageName" => new(reason, $"'{request.Image}' is no image's name: {message}", PodPatience.None),
        "ErrImageNeverPull" => new(reason, $"The node has no image {request.Image}, and may not pull it: {message}", PodPatience.None),
        _ when StartTrouble.IsPull(reason) => PullTrouble(reason, message, request),
        "CreateContainerConfigError" when message.Contains("runAsNonRoot", StringComparison.Ordinal) || message.Contains("non-root", StringComparison.Ordinal) => new(
            reason,
            $"The image {request.Image} starts as root, which is refused ({message}). Give it a user by number ('USER 10001' in its Dockerfile), or allow it with --allow-root.",
            PodPatience.None),
        "CreateContainerConfigError" => new(
            reason, $"The container can't be set up (CreateContainerConfigError): {message}", StartTrouble.IsSettledSetUp(message) ? PodPatience.None : PodPatience.Grace),
        "CreateContainerError" or "RunContainerError" => new(
            reason,
            $"The container can't be made ({reason}): {message} Check --entrypoint and the command; an image without an entry point needs one of them.",
            PodPatience.Grace),
        _ => null,
    };

    private static RunEnd Ended(V1ContainerStateTerminated terminated, V1Pod pod, RunRequest request)
    {
        // One that succeeded although its node was being drained has succeeded.
        if (pod.Status.Phase is not "Succeeded" && Lost(pod) is { } lost)
            return new(terminated.ExitCode == 0 ? 1 : terminated.ExitCode, lost);
        return terminated.Reason switch
        {
            "OOMKilled" => new(
                terminated.ExitCode == 0 ? 137 : terminated.ExitCode,
                request.LimitMemory is { } limit
                    ? $"The container used more than its {limit} of memory and was killed (OOMKilled). Give it more with --limit-memory."
                    : "The container was killed because memory ran out (OOMKilled). The namespace or the node sets the limit; ask for what it needs with --request-memory and --limit-memory."),
            "StartError" or "ContainerCannotRun" => new(
                terminated.ExitCode == 0 ? 1 : terminated.ExitCode,
                $"The container's command could not be started ({terminated.Reason}): {terminated.Message} Check --entrypoint and the command."),
            "ContainerStatusUnknown" => new(
                terminated.ExitCode == 0 ? 1 : terminated.ExitCode, $"How the container ended is not known; its node may be lost: {terminated.Message}"),
            _ => new(terminated.ExitCode),
        };
    }

    /// <summary>Why the cluster took the pod away; null where it did not.</summary>
    private static string? Lost(V1Pod pod)
    {
        var status = pod.Status;
        if (status.Reason is "Evicted")
            return $"The pod was evicted from the node {pod.Spec?.NodeName}: {status.Message} Ask for what it needs with --request-memory, so that it gets a node with room.";
        var disruption = status.Conditions?.FirstOrDefault(condition => condition is { Type: "DisruptionTarget", Status: "True" });
        if (disruption is not null)
            return $"The cluster took the pod away ({disruption.Reason}): {disruption.Message} Run it again.";
        return status.Reason is { Length: > 0 } reason and not "DeadlineExceeded" ? $"The pod failed ({reason}): {status.Message}" : null;
    }
}
