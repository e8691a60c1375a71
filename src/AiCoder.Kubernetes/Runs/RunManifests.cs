using System.Text;
using AiCoder.Kubernetes.Clusters;
using k8s.Models;

namespace AiCoder.Kubernetes.Runs;

/// <summary>
/// The Job of a run and its Secret. The Job's text names the variables and holds no value of them: whoever may read Jobs or pods
/// reads no secret. The container's arguments are values, too: a task given as JSON has tokens in it. Kubernetes puts them in place
/// of <c>$(NAME)</c> when it starts the container.
/// </summary>
internal static class RunManifests
{
    public const string Container = "run";

    /// <summary>Says which process made a Job, so that a creation whose answer was lost is known again.</summary>
    public const string MakerAnnotation = "aicoder/made-by";

    /// <summary>A fingerprint of the request; see <see cref="RunFingerprint"/>.</summary>
    public const string RequestAnnotation = "aicoder/request";

    /// <summary>How long a Job that nobody could remove stays after its end.</summary>
    public static readonly TimeSpan LeftBehind = TimeSpan.FromHours(1);

    private const string WorkspaceVolume = "workspace";

    // As long as 'docker stop' gives.
    private const int SecondsToEnd = 10;

    public static string SecretOf(string job) => job + "-env";

    /// <summary>The Job. Where it has a Secret it is made suspended: the Secret needs its uid, and the pod needs the Secret.</summary>
    public static V1Job Job(RunRequest request, string name, string maker, string? fingerprint)
    {
        var annotations = new Dictionary<string, string> { [MakerAnnotation] = maker };
        if (fingerprint is not null)
            annotations[RequestAnnotation] = fingerprint;
        return new V1Job
        {
            ApiVersion = "batch/v1",
            Kind = "Job",
            Metadata = new() { Name = name, Labels = Labels(), Annotations = annotations },
            Spec = new()
            {
                BackoffLimit = 0,
                Completions = 1,
                Parallelism = 1,
                Suspend = NeedsSecret(request) ? true : null,
                ActiveDeadlineSeconds = request.Timeout is { } timeout ? (long)Math.Ceiling(timeout.TotalSeconds) : null,
                TtlSecondsAfterFinished = request.Keep ? null : (int)LeftBehind.TotalSeconds,
                Template = Template(request, SecretOf(name)),
            },
        };
    }

    /// <summary>The Secret with every value; it goes with its Job.</summary>
    /// <returns>Null where there are no values.</returns>
    public static V1Secret? Secret(RunRequest request, V1Job job)
    {
        if (!NeedsSecret(request))
            return null;
        var data = new Dictionary<string, byte[]>();
        foreach (var (name, value) in request.Environment.Concat(Arguments(request)))
            data[name] = Encoding.UTF8.GetBytes(value);
        return new V1Secret
        {
            ApiVersion = "v1",
            Kind = "Secret",
            Type = "Opaque",
            Immutable = true,
            Metadata = new()
            {
                Name = SecretOf(job.Metadata.Name),
                Labels = Labels(),
                OwnerReferences = [new() { ApiVersion = "batch/v1", Kind = "Job", Name = job.Metadata.Name, Uid = job.Metadata.Uid }],
            },
            Data = data,
        };
    }

    private static bool NeedsSecret(RunRequest request) => request.Environment.Count > 0 || request.Arguments.Count > 0;

    private static IEnumerable<KeyValuePair<string, string>> Arguments(RunRequest request) =>
        request.Arguments.Select((argument, index) => new KeyValuePair<string, string>(ArgumentName(index), argument));

    private static string ArgumentName(int index) => FormattableString.Invariant($"{RunRequest.ArgumentPrefix}{index + 1}");

    private static Dictionary<string, string> Labels() => new()
    {
        ["app.kubernetes.io/name"] = "aicoder",
        ["app.kubernetes.io/component"] = "run",
        ["app.kubernetes.io/managed-by"] = "aicoder",
    };

    private static V1PodTemplateSpec Template(RunRequest request, string secret)
    {
        var labels = Labels();
        // Azure's workload identity gives its token only to pods that ask for it; elsewhere the label means nothing.
        if (request.ServiceAccount is not null)
            labels["azure.workload.identity/use"] = "true";
        return new()
        {
            Metadata = new()
            {
                Labels = labels,
                // A node that is merely not full is no reason to kill a task.
                Annotations = new Dictionary<string, string> { ["cluster-autoscaler.kubernetes.io/safe-to-evict"] = "false" },
            },
            Spec = new()
            {
                RestartPolicy = "Never",
                TerminationGracePeriodSeconds = SecondsToEnd,
                // With a service account, it says itself whether pods get its token.
                AutomountServiceAccountToken = request.ServiceAccount is null ? false : null,
                ServiceAccountName = request.ServiceAccount,
                EnableServiceLinks = false,
                ImagePullSecrets = request.ImagePullSecrets.Count > 0
                    ? [.. request.ImagePullSecrets.Select(name => new V1LocalObjectReference { Name = name })]
                    : null,
                SecurityContext = new()
                {
                    RunAsNonRoot = request.AllowRoot ? null : true,
                    SeccompProfile = new() { Type = "RuntimeDefault" },
                },
                Containers = [ContainerOf(request, secret)],
                Volumes = request.Workspace is null ? null : [new() { Name = WorkspaceVolume, EmptyDir = new() }],
            },
        };
    }

    private static V1Container ContainerOf(RunRequest request, string secret)
    {
        var arguments = Arguments(request).Select(argument => $"$({argument.Key})").ToList();
        List<string>? command = request.Entrypoint switch
        {
            null => null,
            // Kubernetes can't clear an entry point, only replace it.
            "" => arguments[..1],
            var program => [ContainerText.Literal(program)],
        };
        if (request.Entrypoint is "")
            arguments.RemoveAt(0);
        return new()
        {
            Name = Container,
            Image = request.Image,
            Command = command,
            Args = arguments.Count > 0 ? arguments : null,
            Env = Variables(request, secret),
            Resources = Resources(request),
            VolumeMounts = request.Workspace is null ? null : [new() { Name = WorkspaceVolume, MountPath = request.Workspace }],
            SecurityContext = new()
            {
                AllowPrivilegeEscalation = false,
                Privileged = false,
                Capabilities = request.AllowRoot ? null : new() { Drop = ["ALL"] },
            },
        };
    }

    private static List<V1EnvVar>? Variables(RunRequest request, string secret)
    {
        // Names with dots or dashes would be passed over without a word by 'envFrom', so each is named.
        List<V1EnvVar> variables =
        [
            .. request.Environment.Concat(Arguments(request)).Select(variable => variable.Key).Distinct().Select(name => new V1EnvVar
            {
                Name = name,
                ValueFrom = new() { SecretKeyRef = new() { Name = secret, Key = name } },
            }),
        ];
        // The image looks for its workspace in the default place.
        if (request.Workspace is not (null or RunRequest.DefaultWorkspace) && variables.TrueForAll(variable => variable.Name != "WORKSPACE_DIR"))
            variables.Add(new() { Name = "WORKSPACE_DIR", Value = request.Workspace });
        return variables.Count > 0 ? variables : null;
    }

    private static V1ResourceRequirements? Resources(RunRequest request)
    {
        var requests = Quantities(request.RequestCpu, request.RequestMemory);
        var limits = Quantities(request.LimitCpu, request.LimitMemory);
        return requests is null && limits is null ? null : new() { Requests = requests, Limits = limits };
    }

    private static Dictionary<string, ResourceQuantity>? Quantities(string? cpu, string? memory)
    {
        var quantities = new Dictionary<string, ResourceQuantity>();
        if (cpu is not null)
            quantities["cpu"] = new(cpu);
        if (memory is not null)
            quantities["memory"] = new(memory);
        return quantities.Count > 0 ? quantities : null;
    }
}
