using System.Security.Cryptography;
using System.Text;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>Where folders under WORKSPACE_DIR are in the claim that holds it.</summary>
/// <param name="workspace">WORKSPACE_DIR, absolute.</param>
/// <param name="options">The operator's.</param>
internal sealed class ClaimPaths(string workspace, KubernetesSandboxOptions options)
{
    private const int LabelLength = 32;

    /// <summary>A file and a folder with nothing in them, absolute, to stand before what must not be seen.</summary>
    public (string File, string Folder) Nothing { get; } = (Path.Combine(workspace, ".sandbox", "empty.txt"), Path.Combine(workspace, ".sandbox", "empty"));

    /// <summary>Where a path of ours stands in a pod: apart, since its image may have something there.</summary>
    public static string InPod(string path) => "/run/host" + path;

    /// <summary>The path in the claim.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>: it is not under WORKSPACE_DIR.</exception>
    public string InClaim(string path) =>
        options.VolumeSubPath.Length == 0 ? Relative(path) : $"{options.VolumeSubPath}/{Relative(path)}";

    /// <summary>The task that a folder belongs to.</summary>
    public string TaskOf(string path) => Relative(path).Split('/')[0];

    /// <summary>The same as a label's value, which may be no longer than 63 characters.</summary>
    public string TaskLabel(string path) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{options.VolumeClaim}\n{InClaim(Path.Combine(workspace, TaskOf(path)))}")))[..LabelLength];

    private string Relative(string path)
    {
        var relative = Path.GetRelativePath(workspace, Path.GetFullPath(path));
        return relative is "." or ".." || relative.StartsWith("../", StringComparison.Ordinal) || Path.IsPathRooted(relative)
            ? throw new FailureException(FailureCodes.Configuration, $"{path} does not lie in WORKSPACE_DIR ({workspace}), of which alone SANDBOX=kubernetes can show something.")
            : relative;
    }
}
