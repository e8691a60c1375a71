using System.Globalization;
using System.Text.Json.Nodes;
using AiCoder.Infra.Tests.Infrastructure;
using AiCoder.Testing.Kubernetes;
using k8s;
using k8s.Models;

namespace AiCoder.Infra.Tests;

/// <summary>The Helm chart, rendered by helm.</summary>
public sealed class ChartTests
{
    public static TheoryData<string> Variants => Chart.Variants;

    [Theory]
    [MemberData(nameof(Variants))]
    public async Task A_release_is_well_formed_restricted_bounded_and_holds_together(string values)
    {
        var objects = await Chart.ObjectsAsync(values);
        var bubblewrap = values.Contains("bubblewrap", StringComparison.Ordinal);

        Assert.NotEmpty(objects);
        Assert.Equal(objects.Count, objects.Select(thing => (thing.Kind, KubernetesText.MetadataOf(thing).Name)).Distinct().Count());
        Assert.DoesNotContain(objects, thing => thing is V1Secret);
        foreach (var (name, pod) in KubernetesText.PodsOf(objects))
        {
            // What bubblewrap in the pod costs, exactly as docs/deployment.md says it; the installer writes to the node.
            var allowed = !bubblewrap ? "" : name.StartsWith("DaemonSet", StringComparison.Ordinal)
                ? "runAsNonRoot of install, runAsUser of install, volume type of seccomp"
                : $"appArmorProfile of {pod.Spec.Containers[0].Name}, procMount of {pod.Spec.Containers[0].Name}";
            Assert.Equal(allowed, string.Join(", ", PodSecurity.Restricted(pod.Spec).Order(StringComparer.Ordinal)));
            Assert.Equal(bubblewrap && !name.StartsWith("DaemonSet", StringComparison.Ordinal) ? false : null, pod.Spec.HostUsers);
            Assert.All(KubernetesText.ContainersOf(pod.Spec), PodRules.Bounded);
            PodRules.VolumesAreThere(name, pod.Spec);
        }

        ReferencesHold(objects);
    }

    [Fact]
    public async Task The_linter_has_nothing_to_say()
    {
        var run = await Chart.HelmAsync("lint", [Chart.Folder, "--strict"]);

        Assert.True(run.ExitCode == 0, run.Output + run.Error);
    }

    [Fact]
    public async Task By_default_commands_run_in_pods_of_their_own_and_the_service_needs_no_privilege()
    {
        var objects = await Chart.ObjectsAsync();
        var pod = objects.OfType<V1Deployment>().Single().Spec.Template.Spec;

        Assert.Equal("kubernetes", objects.OfType<V1ConfigMap>().Single().Data["SANDBOX"]);
        Assert.True(pod.AutomountServiceAccountToken);
        Assert.Equal("RuntimeDefault", pod.SecurityContext.SeccompProfile.Type);
        SandboxRules.Check(objects, "aicoder");
    }

    [Fact]
    public async Task Sandboxes_are_asked_onto_the_node_of_the_pod_that_asks_unless_they_need_not_be()
    {
        foreach (var objects in (IEnumerable<IReadOnlyList<object>>)[await Chart.ObjectsAsync(), await Chart.ObjectsAsync(Chart.OnAks)])
            Assert.Equal("spec.nodeName", NodeOf(objects).Single().ValueFrom.FieldRef.FieldPath);
        Assert.Empty(NodeOf(await Chart.ObjectsAsync("sandbox.sameNode=false")));
        Assert.Empty(NodeOf(await Chart.ObjectsAsync("sandbox.mode=bubblewrap")));

        static IEnumerable<V1EnvVar> NodeOf(IReadOnlyList<object> objects) =>
            objects.OfType<V1Deployment>().First().Spec.Template.Spec.Containers[0].Env.Where(variable => variable.Name == "SANDBOX_NODE");
    }

    [Fact]
    public async Task With_bubblewrap_the_pod_has_the_profile_an_unmasked_proc_and_users_of_its_own_and_no_token()
    {
        var objects = await Chart.ObjectsAsync("sandbox.mode=bubblewrap");
        var pod = objects.OfType<V1Deployment>().Single().Spec.Template.Spec;
        var security = pod.Containers[0].SecurityContext;

        Assert.False(pod.HostUsers);
        Assert.Equal(("Localhost", "aicoder/seccomp.json", "Unmasked"), (security.SeccompProfile.Type, security.SeccompProfile.LocalhostProfile, security.ProcMount));
        Assert.False(pod.AutomountServiceAccountToken);
        Assert.DoesNotContain(objects, thing => thing is V1Role);
    }

    [Fact]
    public async Task The_scaler_watches_the_task_hubs_own_queues_as_host_json_makes_them()
    {
        var objects = await Chart.ObjectsAsync(Chart.OnAks);
        var durable = JsonNode.Parse(Repository.Read("host.json"))!["extensions"]!["durableTask"]!;
        var hub = ((string)durable["hubName"]!).ToLowerInvariant();
        var partitions = (int)durable["storageProvider"]!["partitionCount"]!;
        var scaled = objects.OfType<ScaledObject>().Single().Spec;

        Assert.Equal(
            [$"{hub}-workitems", .. Enumerable.Range(0, partitions).Select(number => string.Create(CultureInfo.InvariantCulture, $"{hub}-control-{number:00}")), "aicoder-tasks"],
            scaled.Triggers.Select(trigger => trigger.Metadata["queueName"]));
        Assert.Equal(((int)durable["maxConcurrentActivityFunctions"]!).ToString(CultureInfo.InvariantCulture), scaled.Triggers[0].Metadata["queueLength"]);
        // Running activities keep their messages hidden: counted, so that no replica goes from under its work.
        Assert.All(scaled.Triggers, trigger => Assert.Equal(("azure-queue", "all"), (trigger.Type, trigger.Metadata["queueLengthStrategy"])));
        Assert.Equal(1, scaled.MinReplicaCount);
        Assert.True(scaled.Advanced.HorizontalPodAutoscalerConfig.Behavior.ScaleDown.StabilizationWindowSeconds >= 300);
        Assert.Equal("azure-workload", objects.OfType<TriggerAuthentication>().Single().Spec.PodIdentity.Provider);
    }

    [Fact]
    public async Task On_aks_the_host_has_an_identity_drains_before_it_stops_and_lets_the_scaler_count_replicas()
    {
        var objects = await Chart.ObjectsAsync(Chart.OnAks);
        var deployment = objects.OfType<V1Deployment>().Single();
        var pod = deployment.Spec.Template;
        var host = pod.Spec.Containers.Single(container => container.Name == "functions");

        Assert.Null(deployment.Spec.Replicas);
        Assert.Equal("true", pod.Metadata.Labels["azure.workload.identity/use"]);
        Assert.Equal("11111111-2222-3333-4444-555555555555", objects.OfType<V1ServiceAccount>().Single().Metadata.Annotations["azure.workload.identity/client-id"]);
        Assert.Equal("aicoderhub", host.Env.Single(variable => variable.Name == "AzureWebJobsStorage__accountName").Value);
        Assert.Equal(["/usr/local/bin/aicoder-drain"], host.Lifecycle.PreStop.Exec.Command);
        Assert.True(pod.Spec.TerminationGracePeriodSeconds > 90);
        Assert.Contains(Dockerfile.Read(Repository.PathOf("infra/docker/Dockerfile.functions")).Instructions, instruction => instruction == ("COPY", "infra/docker/drain /usr/local/bin/aicoder-drain"));
        Assert.Equal(["ai-coder-function-keys"], objects.OfType<V1Role>().SelectMany(role => role.Rules).Where(rule => rule.Resources.Contains("secrets")).SelectMany(rule => rule.ResourceNames));
    }

    [Theory]
    [InlineData("nfs", "nconnect=4 noresvport actimeo=30")]
    [InlineData("smb", "uid=1654 gid=1654 dir_mode=0700 file_mode=0700 mfsymlinks cache=strict nosharesock actimeo=30 nobrl")]
    public async Task The_share_is_mounted_with_the_options_that_its_protocol_needs(string protocol, string options)
    {
        var objects = await Chart.ObjectsAsync([.. Chart.OnAks, $"workspace.azureFile.protocol={protocol}"]);
        var volume = objects.OfType<V1PersistentVolume>().Single();

        Assert.Equal(options, string.Join(' ', volume.Spec.MountOptions));
        Assert.Equal(protocol, volume.Spec.Csi.VolumeAttributes["protocol"]);
        Assert.Equal("Retain", volume.Spec.PersistentVolumeReclaimPolicy);
        Assert.Equal(volume.Spec.ClaimRef.Name, objects.OfType<V1PersistentVolumeClaim>().Single().Metadata.Name);
    }

    [Fact]
    public async Task The_service_monitor_finds_a_port_that_the_collector_opens()
    {
        var objects = await Chart.ObjectsAsync("metrics.enabled=true");
        var monitor = objects.OfType<ServiceMonitor>().Single().Spec;
        var service = objects.OfType<V1Service>().Single(service => KubernetesText.Matches(monitor.Selector.MatchLabels, service.Metadata.Labels));
        var collector = objects.OfType<V1Deployment>().Single().Spec.Template.Spec.Containers.Single(container => container.Name == "collector");
        var port = service.Spec.Ports.Single(port => port.Name == monitor.Endpoints.Single().Port);

        Assert.Equal(port.TargetPort.Value, collector.Ports.Single().Name);
        Assert.Contains($"0.0.0.0:{collector.Ports.Single().ContainerPort}", objects.OfType<V1ConfigMap>().Single(map => map.Metadata.Name.EndsWith("-collector", StringComparison.Ordinal)).Data["config.yaml"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("functions.enabled=true", "--set serve.enabled=false")]
    [InlineData("serve.enabled=false", "Nothing would run")]
    [InlineData("config.SANDBOX=none", "made by the chart from sandbox.mode")]
    [InlineData("workspce.size=1Gi", "'workspce' not allowed")]
    [InlineData("sandbox.moed=none", "'moed' not allowed")]
    [InlineData("existingSecret=", "/existingSecret")]
    [InlineData("image.tag=20240101", "/image/tag")]
    [InlineData("functions.taskHub=Ai-Coder", "/functions/taskHub")]
    [InlineData("serve.enabled=false,functions.enabled=true", "functions.storageAccount is needed for keda")]
    [InlineData("sandbox.mode=docker", "/sandbox/mode")]
    [InlineData("functions.keda.minReplicaCount=0", "/functions/keda/minReplicaCount")]
    public async Task Values_that_cannot_work_are_refused_with_what_is_wrong(string values, string said)
    {
        var run = await Chart.HelmAsync(values);

        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Numbers_of_a_values_file_reach_the_environment_as_they_stand_there()
    {
        using var folder = new AiCoder.Testing.TemporaryFolder();
        await File.WriteAllTextAsync(folder["values.yaml"], "config: {DAILY_MAX_TOKENS: 5000000, DAILY_MAX_COST_USD: 2.5, A: true, B: 'a \"b\"'}", TestContext.Current.CancellationToken);

        var run = await Chart.HelmAsync("template", ["aicoder", Chart.Folder, "--values", folder["values.yaml"]]);

        Assert.True(run.ExitCode == 0, run.Error);
        var data = KubernetesText.Read(run.Output).OfType<V1ConfigMap>().Single().Data;
        Assert.Equal(("5000000", "2.5", "true", "a \"b\""), (data["DAILY_MAX_TOKENS"], data["DAILY_MAX_COST_USD"], data["A"], data["B"]));
    }

    [Fact]
    public void Every_value_is_in_the_schema_so_that_a_slip_of_the_pen_is_no_value()
    {
        var values = new YamlDotNet.Serialization.DeserializerBuilder().Build().Deserialize<Dictionary<object, object>>(Repository.Read($"{Chart.Folder}/values.yaml"));

        Check(values, JsonNode.Parse(Repository.Read($"{Chart.Folder}/values.schema.json"))!, "");

        static void Check(Dictionary<object, object> values, JsonNode schema, string at)
        {
            if (schema["properties"] is not { } properties)
                return;
            Assert.False((bool)schema["additionalProperties"]!, at);
            foreach (var (key, value) in values)
            {
                Assert.True(properties[(string)key] is not null, $"{at}/{key}");
                if (value is Dictionary<object, object> map)
                    Check(map, properties[(string)key]!, $"{at}/{key}");
            }
        }
    }

    private static void ReferencesHold(List<IKubernetesObject> objects)
    {
        var pods = KubernetesText.PodsOf(objects).Select(pod => pod.Pod).ToList();
        Assert.All(objects.OfType<V1Service>(), service =>
        {
            var pod = Assert.Single(pods, pod => KubernetesText.Matches(service.Spec.Selector, pod.Metadata.Labels));
            var ports = pod.Spec.Containers.SelectMany(container => container.Ports ?? []).Select(port => port.Name).ToList();
            Assert.All(service.Spec.Ports, port => Assert.Contains(port.TargetPort.Value, ports));
        });
        Assert.All(objects.OfType<V1Deployment>(), deployment => Assert.True(KubernetesText.Matches(deployment.Spec.Selector.MatchLabels, deployment.Spec.Template.Metadata.Labels)));
        Assert.All(objects.OfType<V1PodDisruptionBudget>(), budget => Assert.Single(pods, pod => KubernetesText.Matches(budget.Spec.Selector.MatchLabels, pod.Metadata.Labels)));
        Assert.All(objects.OfType<ScaledObject>(), scaled => Assert.Contains(objects.OfType<V1Deployment>(), deployment => deployment.Metadata.Name == scaled.Spec.ScaleTargetRef.Name));
        Assert.All(objects.OfType<V1RoleBinding>(), binding =>
        {
            Assert.Contains(objects.OfType<V1Role>(), role => role.Metadata.Name == binding.RoleRef.Name);
            Assert.Contains(objects.OfType<V1ServiceAccount>(), account => account.Metadata.Name == binding.Subjects.Single().Name);
        });
        var claims = objects.OfType<V1PersistentVolumeClaim>().Select(claim => claim.Metadata.Name).Concat(["there", "too"]).ToList();
        Assert.All(pods.SelectMany(pod => pod.Spec.Volumes).Where(volume => volume.PersistentVolumeClaim is not null), volume => Assert.Contains(volume.PersistentVolumeClaim.ClaimName, claims));
        var maps = objects.OfType<V1ConfigMap>().Select(map => map.Metadata.Name).ToList();
        Assert.All(pods.SelectMany(pod => pod.Spec.Volumes).Where(volume => volume.ConfigMap is not null), volume => Assert.Contains(volume.ConfigMap.Name, maps));
    }
}
