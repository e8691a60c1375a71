namespace AiCoder.Core.Configuration;

/// <summary>What the operator set for SANDBOX=kubernetes.</summary>
public sealed record KubernetesSandboxOptions
{
    /// <summary>SANDBOX_VOLUME_CLAIM: the persistent volume claim that holds WORKSPACE_DIR, in the pods' namespace.</summary>
    public required string VolumeClaim { get; init; }

    /// <summary>SANDBOX_VOLUME_SUBPATH: where in the claim WORKSPACE_DIR is, without slashes at its ends; empty: it is the claim's root.</summary>
    public string VolumeSubPath { get; init; } = "";

    /// <summary>SANDBOX_NAMESPACE; null: the service's own, or the kubeconfig's.</summary>
    public string? Namespace { get; init; }

    /// <summary>
    /// SANDBOX_ALLOWED_IMAGES: what requests may name, each an image, or the beginning of images with a <c>*</c> at its end; empty: any.
    /// An image brings the shell that ends what a command left, so it has to be trusted.
    /// </summary>
    public IReadOnlyList<string> AllowedImages { get; init; } = [];

    /// <summary>SANDBOX_IMAGE: for tasks that name none; null: by the repository's language.</summary>
    public string? Image { get; init; }

    /// <summary>
    /// SANDBOX_NODE: the node that all pods run on, which is to be the service's own; null: any. Over a share, nodes see each other's
    /// changes late; two pods of one node see the same mount.
    /// </summary>
    public string? Node { get; init; }

    /// <summary>SANDBOX_CPU: the most that a pod gets, as Kubernetes writes it.</summary>
    public string Cpu { get; init; } = "2";

    /// <summary>SANDBOX_MEMORY: the most that a pod gets, as Kubernetes writes it.</summary>
    public string Memory { get; init; } = "4Gi";

    /// <summary>Whether a request may name this image.</summary>
    public bool Allows(string image)
    {
        ArgumentNullException.ThrowIfNull(image);
        return AllowedImages.Count == 0 || AllowedImages.Any(allowed => allowed.EndsWith('*') ? image.StartsWith(allowed[..^1], StringComparison.Ordinal) : image == allowed);
    }
}
