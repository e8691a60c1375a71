namespace AiCoder.Kubernetes.Clusters;

/// <summary>Which of what a node says of a container that does not start will not pass by itself.</summary>
internal static class StartTrouble
{
    private static readonly string[] SettledPull =
    [
        "not found", "manifest unknown", "does not exist", "unauthorized", "denied", "forbidden", "authentication required", "no match for platform", "no matching manifest",
    ];

    private static readonly string[] PassingSetUp = ["failed to sync", "timed out", "context deadline exceeded"];

    /// <summary>Whether it is about the image's pulling.</summary>
    public static bool IsPull(string reason) =>
        reason is "ErrImagePull" or "ImagePullBackOff" or "RegistryUnavailable" or "ImageInspectError" or "SignatureValidationFailed";

    /// <summary>Whether another try to pull the image would end alike.</summary>
    public static bool IsSettledPull(string reason, string message) => reason is "SignatureValidationFailed" || Holds(message, SettledPull);

    /// <summary>Whether a container that can't be set up (CreateContainerConfigError) never will be.</summary>
    public static bool IsSettledSetUp(string message) => !Holds(message, PassingSetUp);

    private static bool Holds(string text, string[] parts) => parts.Any(part => text.Contains(part, StringComparison.OrdinalIgnoreCase));
}
