using AiCoder.Core.Configuration;
using AiCoder.Infra.Tests.Infrastructure;
using AiCoder.Testing.Kubernetes;
using k8s;
using k8s.Models;

namespace AiCoder.Infra.Tests;

/// <summary>infra/kubernetes/manifests: the specification's section 9.</summary>
public sealed class ManifestTests
{
    private const string Folder = "infra/kubernetes/manifests";

    // What the specification's Secret and ConfigMap have, and what its Deployment hands on.
    private static readonly string[] OfTheSpecification =
    [
        "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL", "WEBHOOK_URL", "WEBHOOK_SECRET", "GITLAB_API_TOKEN", "REPO_URL", "TASK_INTENT",
        "TASK_ID", "GIT_USERNAME", "GIT_EMAIL", "MAX_ITERATIONS",
    ];

    public static TheoryData<string> Files => new(Repository.FilesBelow(Folder).Where(file => file.EndsWith(".yaml", StringComparison.Ordinal)));

    private static List<IKubernetesObject> All => [.. Repository.FilesBelow(Folder).SelectMany(file => KubernetesText.Read(Repository.Read(file)))];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_manifest_has_no_field_that_Kubernetes_does_not_know(string file) => Assert.NotEmpty(KubernetesText.Read(Repository.Read(file)));

    [Fact]
    public void A_field_that_Kubernetes_does_not_know_is_noticed() =>
        Assert.ThrowsAny<Exception>(() => KubernetesText.Read(Repository.Read($"{Folder}/job.yaml").Replace("backoffLimit", "backofLimit", StringComparison.Ordinal)));

    [Fact]
    public void A_field_that_is_there_twice_is_noticed() =>
        Assert.ThrowsAny<Exception>(() => KubernetesText.Read(Repository.Read($"{Folder}/job.yaml").Replace("backoffLimit: 2", "backoffLimit: 2\n  backoffLimit: 3", StringComparison.Ordinal)));

    [Fact]
    public void Sandboxes_are_asked_onto_the_node_of_the_pod_that_asks() =>
        Assert.All(KubernetesText.PodsOf(All), pod => Assert.Equal(
            "spec.nodeName",
            Assert.Single(pod.Pod.Spec.Containers[0].Env, variable => variable.Name == "SANDBOX_NODE").ValueFrom.FieldRef.FieldPath));

    [Fact]
    public void The_specifications_six_kinds_are_there() =>
        Assert.Superset(
            new HashSet<string> { "Secret", "ConfigMap", "Deployment", "Job", "CronJob", "Service" },
            All.Select(thing => thing.Kind).ToHashSet());

    [Fact]
    public void Every_pod_keeps_the_restricted_rules_and_a_read_only_root_with_bounds()
    {
        var pods = KubernetesText.PodsOf(All).ToList();

        Assert.Equal(3, pods.Count);
        foreach (var (name, pod) in pods)
        {
            Assert.Equal($"{name}: ", $"{name}: {string.Join(", ", PodSecurity.Restricted(pod.Spec))}");
            Assert.All(pod.Spec.Containers, PodRules.Bounded);
            PodRules.VolumesAreThere(name, pod.Spec);
        }
    }

    [Fact]
    public void Every_variable_of_the_specification_reaches_every_pod()
    {
        var given = Given().Select(variable => variable.Name).ToList();

        Assert.All(OfTheSpecification, name => Assert.Contains(name, given));
        Assert.All(KubernetesText.PodsOf(All), pod =>
        {
            Assert.Contains(pod.Pod.Spec.Containers[0].EnvFrom, from => from.ConfigMapRef?.Name == "ai-coder-config");
            Assert.Contains(pod.Pod.Spec.Containers[0].EnvFrom, from => from.SecretRef?.Name == "ai-coder-secrets");
        });
    }

    [Fact]
    public void Every_variable_is_one_that_aicoder_reads_with_a_value_that_it_takes()
    {
        var values = Given().ToDictionary(variable => variable.Name, variable => variable.Value);
        // The task's own, and what only SANDBOX=kubernetes reads.
        var asked = new HashSet<string> { "REPO_URL", "TASK_INTENT", "TASK_ID", "SANDBOX_VOLUME_CLAIM" };

        var options = EnvironmentReader.Read(
            name =>
            {
                asked.Add(name);
                return values.GetValueOrDefault(name);
            },
            callerIsOperator: false);

        Assert.Empty(values.Keys.Except(asked));
        Assert.Equal(SandboxKind.Kubernetes, options.Sandbox);
        Assert.Equal("/state", options.StateDir);
    }

    [Fact]
    public void The_service_serves_without_end_and_the_jobs_take_the_task_of_the_environment()
    {
        var pods = KubernetesText.PodsOf(All).ToDictionary(pod => pod.Name, pod => pod.Pod);

        Assert.Equal(["serve"], pods["Deployment/ai-coder"].Spec.Containers[0].Args);
        Assert.All(pods.Values, pod => Assert.Null(pod.Spec.Containers[0].Command));
        Assert.Null(pods["Job/ai-coder"].Spec.Containers[0].Args);
        // Over the ConfigMap's, with which every run of the CronJob would be the first run's task.
        Assert.Equal("", Assert.Single(pods["CronJob/ai-coder"].Spec.Containers[0].Env, variable => variable.Name == "TASK_ID").Value);
        Assert.Equal("Recreate", All.OfType<V1Deployment>().Single().Spec.Strategy.Type);
        Assert.True(KubernetesText.Matches(All.OfType<V1Service>().Single().Spec.Selector, pods["Deployment/ai-coder"].Metadata.Labels));
    }

    [Fact]
    public void The_journal_is_never_on_the_share()
    {
        var claims = All.OfType<V1PersistentVolumeClaim>().ToDictionary(claim => claim.Metadata.Name);
        foreach (var (_, pod) in KubernetesText.PodsOf(All))
        {
            var state = pod.Spec.Volumes.Single(volume => volume.Name == "state");
            Assert.True(state.EmptyDir is not null || claims[state.PersistentVolumeClaim.ClaimName].Spec.AccessModes.Single() == "ReadWriteOnce");
        }
    }

    [Fact]
    public async Task The_class_of_the_work_trees_is_there_and_mounts_as_the_chart_does()
    {
        var made = All.OfType<V1StorageClass>().Single();
        var claim = All.OfType<V1PersistentVolumeClaim>().Single(claim => claim.Metadata.Name == "ai-coder-workspace");
        var chart = await Chart.ObjectsAsync();
        var share = (await Chart.ObjectsAsync(Chart.OnAks)).OfType<V1PersistentVolume>().Single();

        Assert.Equal(made.Metadata.Name, claim.Spec.StorageClassName);
        Assert.Equal(made.Metadata.Name, chart.OfType<V1PersistentVolumeClaim>().Single(claim => claim.Metadata.Name == "aicoder-workspace").Spec.StorageClassName);
        Assert.Equal(share.Spec.MountOptions, made.MountOptions);
        Assert.Equal((share.Spec.Csi.Driver, share.Spec.Csi.VolumeAttributes["protocol"]), (made.Provisioner, made.Parameters["protocol"]));
    }

    [Fact]
    public void The_sandboxs_role_may_do_to_pods_what_it_needs_and_reads_no_secret() => SandboxRules.Check(All, "ai-coder");

    private static IEnumerable<(string Name, string? Value)> Given() =>
        All.OfType<V1ConfigMap>().SelectMany(map => map.Data).Concat(All.OfType<V1Secret>().SelectMany(secret => secret.StringData))
            .Select(pair => (pair.Key, (string?)pair.Value));
}
