using System.Globalization;
using AiCoder.Core.Configuration;
using AiCoder.Core.Sandbox;
using AiCoder.Kubernetes.Clusters;
using k8s.Models;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>
/// The Job of a sandbox: one pod that waits for commands. Level "restricted", no token, no variable of ours, of the claim only the
/// work tree and its home; what it is told comes later, by exec.
/// </summary>
internal static class SandboxManifests
{
    public const string Container = "sandbox";
    public const string TaskLabel = "aicoder.dev/task";
    public const string NetworkLabel = "aicoder.dev/network";

    private const string ComponentLabel = "app.kubernetes.io/component";
    private const string WorkspaceVolume = "workspace";
    private const string TemporaryVolume = "tmp";
    private const string ControlVolume = "control";
    private const string HomeVolume = "home";

    // Where nobody removes it, the cluster does.
    private const int SecondsAfterEnd = 120;

    /// <summary>What every pod of a sandbox has, by which the NetworkPolicies know it.</summary>
    public static Dictionary<string, string> Labels(bool network) => new()
    {
        ["app.kubernetes.io/name"] = "aicoder",
        [ComponentLabel] = "sandbox",
        ["app.kubernetes.io/managed-by"] = "aicoder",
        [NetworkLabel] = network ? "true" : "false",
    };

    /// <summary>The Job.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="key">What it is for.</param>
    /// <param name="paths">Where things are in the claim.</param>
    /// <param name="options">The operator's.</param>
    /// <param name="user">The user and group it runs as: not 0, and such that both we and it may write the work tree.</param>
    /// <param name="bounds">How long it lives.</param>
    public static V1Job Job(string name, SandboxPodKey key, ClaimPaths paths, KubernetesSandboxOptions options, (long User, long Group) user, SandboxBounds bounds)
    {
        var labels = Labels(key.Network);
        labels[TaskLabel] = paths.TaskLabel(key.WorkTree);
        var annotations = new Dictionary<string, string>
        {
            ["aicoder.dev/task-id"] = paths.TaskOf(key.WorkTree),
            // A node that is merely not full is no reason to kill a command.
            ["cluster-autoscaler.kubernetes.io/safe-to-evict"] = "false",
        };
        return new()
        {
            ApiVersion = "batch/v1",
            Kind = "Job",
            Metadata = new() { Name = name, Labels = labels, Annotations = annotations },
            Spec = new()
            {
                // A pod that is lost is not replaced by itself: who waits for its command has to know.
                BackoffLimit = 0,
                Completions = 1,
                Parallelism = 1,
                ActiveDeadlineSeconds = (long)bounds.Life.TotalSeconds,
                TtlSecondsAfterFinished = SecondsAfterEnd,
                Template = new()
                {
                    Metadata = new() { Labels = new Dictionary<string, string>(labels), Annotations = new Dictionary<string, string>(annotations) },
                    Spec = Pod(key, paths, options, user, bounds),
                },
            },
        };
    }

    private static V1PodSpec Pod(SandboxPodKey key, ClaimPaths paths, KubernetesSandboxOptions options, (long User, long Group) user, SandboxBounds bounds) => new()
    {
        RestartPolicy = "Never",
        // Nothing in it has to be told.
        TerminationGracePeriodSeconds = 1,
        AutomountServiceAccountToken = false,
        EnableServiceLinks = false,
        Hostname = "sandbox",
        Affinity = options.Node is { } node ? On(node) : null,
        SecurityContext = new()
        {
            RunAsNonRoot = true,
            RunAsUser = user.User,
            RunAsGroup = user.Group,
            SeccompProfile = new() { Type = "RuntimeDefault" },
        },
        Containers =
        [
            new()
            {
                Name = Container,
                Image = key.Image,
                Command =
                [
                    "/bin/sh", "-c", ContainerText.Literal(SandboxScripts.Shielded), "sh", ContainerText.Literal(SandboxScripts.Keeper), "sh",
                    ((long)bounds.Idle.TotalSeconds).ToString(CultureInfo.InvariantCulture), key.MaxProcesses.ToString(CultureInfo.InvariantCulture),
                ],
                WorkingDir = BubblewrapSandbox.WorkTree,
                Resources = new()
                {
                    Requests = Quantities("100m", "256Mi"),
                    Limits = Quantities(options.Cpu, options.Memory),
                },
                SecurityContext = new()
                {
                    AllowPrivilegeEscalation = false,
                    Privileged = false,
                    ReadOnlyRootFilesystem = true,
                    Capabilities = new() { Drop = ["ALL"] },
                },
                VolumeMounts = Mounts(key, paths),
            },
        ],
        Volumes =
        [
            new() { Name = WorkspaceVolume, PersistentVolumeClaim = new() { ClaimName = options.VolumeClaim } },
            new() { Name = TemporaryVolume, EmptyDir = new() },
            new() { Name = ControlVolume, EmptyDir = new() { SizeLimit = new("1Mi") } },
            .. key.Home is null ? (V1Volume[])[new() { Name = HomeVolume, EmptyDir = new() }] : [],
        ],
    };

    // By the scheduler, so that the pod waits where the node is full for the moment.
    private static V1Affinity On(string node) => new()
    {
        NodeAffinity = new()
        {
            RequiredDuringSchedulingIgnoredDuringExecution = new()
            {
                NodeSelectorTerms = [new() { MatchFields = [new() { Key = "metadata.name", OperatorProperty = "In", Values = [node] }] }],
            },
        },
    };

    private static List<V1VolumeMount> Mounts(SandboxPodKey key, ClaimPaths paths) =>
    [
        new() { Name = WorkspaceVolume, MountPath = BubblewrapSandbox.WorkTree, SubPath = paths.InClaim(key.WorkTree) },
        new() { Name = WorkspaceVolume, MountPath = BubblewrapSandbox.WorkTree + "/.git", SubPath = paths.InClaim(key.WorkTree) + "/.git", ReadOnlyProperty = true },
        key.Home is { } home
            ? new() { Name = WorkspaceVolume, MountPath = BubblewrapSandbox.Home, SubPath = paths.InClaim(home) }
            : new() { Name = HomeVolume, MountPath = BubblewrapSandbox.Home },
        .. key.ReadOnlyPaths.Select(path => new V1VolumeMount { Name = WorkspaceVolume, MountPath = ClaimPaths.InPod(path), SubPath = paths.InClaim(path), ReadOnlyProperty = true }),
        .. key.Masked.Select(masked => new V1VolumeMount
        {
            Name = WorkspaceVolume,
            MountPath = $"{BubblewrapSandbox.WorkTree}/{masked.Path}",
            SubPath = paths.InClaim(masked.IsFile ? paths.Nothing.File : paths.Nothing.Folder),
            ReadOnlyProperty = true,
        }),
        new() { Name = TemporaryVolume, MountPath = "/tmp" },
        new() { Name = TemporaryVolume, MountPath = "/var/tmp" },
        new() { Name = ControlVolume, MountPath = SandboxScripts.Control },
    ];

    private static Dictionary<string, ResourceQuantity> Quantities(string cpu, string memory) => new() { ["cpu"] = new(cpu), ["memory"] = new(memory) };
}
