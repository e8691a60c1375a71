using AiCoder.Kubernetes.Clusters;
using k8s.Models;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>What a sandbox's pod is at.</summary>
/// <param name="IsReady">It takes commands.</param>
/// <param name="Trouble">Why it does not start, for a person to act on.</param>
/// <param name="Patience">How long the trouble may last.</param>
internal sealed record SandboxPodState(bool IsReady = false, string? Trouble = null, TimeSpan Patience = default);

/// <summary>Reads a pod's status.</summary>
internal static class SandboxPodReading
{
    public static SandboxPodState Of(V1Pod pod, string image, string? node, SandboxBounds bounds)
    {
        var container = ContainerOf(pod);
        if (container?.State?.Running is not null && pod.Metadata.DeletionTimestamp is null)
            return new(IsReady: true);
        if (container?.State?.Terminated is { } ended)
            return new(Trouble: $"The container of the image {image} ended at once ({ended.Reason}, exit code {ended.ExitCode}): {ended.Message} It must have /bin/sh, date and sleep.");
        if (WhyGone(pod) is { } gone)
            return new(Trouble: gone.Reason);
        if (container?.State?.Waiting is { Reason: { } reason } waiting && OfWaiting(reason, waiting.Message ?? "", image, bounds) is { } trouble)
            return trouble;
        var unscheduled = pod.Status?.Conditions?.FirstOrDefault(condition => condition is { Type: "PodScheduled", Status: "False", Reason: "Unschedulable" });
        return unscheduled is null
            ? new()
            : new(Trouble: (node is null
                ? $"No node takes the sandbox's pod: {unscheduled.Message} Add nodes, or ask for less with SANDBOX_CPU and SANDBOX_MEMORY."
                : $"The service's node {node} (SANDBOX_NODE) does not take the sandbox's pod: {unscheduled.Message} Let fewer tasks run on one node, take larger nodes, or leave their taints off."), Patience: bounds.Node);
    }

    /// <summary>A pod that the cluster does not make.</summary>
    public static SandboxPodState OfRefusal(string refusal, SandboxBounds bounds) => new(
        Trouble: $"The sandbox's pod is refused: {refusal}",
        // Other sandboxes end.
        Patience: refusal.Contains("exceeded quota", StringComparison.Ordinal) ? bounds.Node : TimeSpan.Zero);

    /// <summary>Why a pod runs no more; null: it runs, or is about to.</summary>
    public static (string Reason, bool OutOfMemory)? WhyGone(V1Pod pod)
    {
        var status = pod.Status;
        if (status?.Reason is "Evicted")
            return ($"The pod was evicted from the node {pod.Spec?.NodeName}: {status.Message}", false);
        if (status?.Conditions?.FirstOrDefault(condition => condition is { Type: "DisruptionTarget", Status: "True" }) is { } disruption)
            return ($"The cluster took the pod away ({disruption.Reason}): {disruption.Message}", false);
        if (ContainerOf(pod)?.State?.Terminated is { } ended)
            return ($"The pod's container ended ({ended.Reason}, exit code {ended.ExitCode}) {ended.Message}".TrimEnd(), ended.Reason is "OOMKilled");
        if (pod.Metadata.DeletionTimestamp is not null)
            return ("Somebody removed the pod", false);
        return status?.Phase is "Failed" or "Succeeded" ? ($"The pod ended ({status.Reason}) {status.Message}".TrimEnd(), false) : null;
    }

    /// <summary>Whether nothing runs in a pod any more. One that is being removed may still run.</summary>
    public static bool HasEnded(V1Pod pod) => pod.Status?.Phase is "Failed" or "Succeeded" || ContainerOf(pod)?.State?.Terminated is not null;

    private static SandboxPodState? OfWaiting(string reason, string message, string image, SandboxBounds bounds) => reason switch
    {
        "InvalidImageName" => new(Trouble: $"'{image}' is no image's name: {message}"),
        "ErrImageNeverPull" => new(Trouble: $"The node has no image {image}, and may not pull it: {message}"),
        _ when StartTrouble.IsPull(reason) => new(
            Trouble: $"The sandbox's image {image} can't be pulled ({reason}): {message} Check validation.image or SANDBOX_IMAGE; for a private registry add "
                + "imagePullSecrets to the namespace's service account 'default', or on AKS 'az aks update --attach-acr'.",
            Patience: StartTrouble.IsSettledPull(reason, message) ? TimeSpan.Zero : bounds.Grace),
        "CreateContainerConfigError" => new(
            Trouble: $"The sandbox's container can't be set up: {message}", Patience: StartTrouble.IsSettledSetUp(message) ? TimeSpan.Zero : bounds.Grace),
        "CreateContainerError" or "RunContainerError" => new(
            Trouble: $"The sandbox's container can't be made from the image {image}: {message} It must have /bin/sh.", Patience: bounds.Grace),
        _ => null,
    };

    // A mesh's side-car says nothing about the sandbox.
    private static V1ContainerStatus? ContainerOf(V1Pod pod) =>
        pod.Status?.ContainerStatuses?.FirstOrDefault(container => container.Name == SandboxManifests.Container);
}
