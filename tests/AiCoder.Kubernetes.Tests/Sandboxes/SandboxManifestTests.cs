using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Kubernetes.Sandboxes;
using AiCoder.Kubernetes.Tests.Manifests;
using AiCoder.Testing.Kubernetes;
using k8s;
using k8s.Models;

namespace AiCoder.Kubernetes.Tests.Sandboxes;

/// <summary>What stands in a sandbox's Job, and which image it is of.</summary>
public sealed class SandboxManifestTests
{
    private static readonly KubernetesSandboxOptions Options = new() { VolumeClaim = "workspace", VolumeSubPath = "team/a", Cpu = "1500m", Memory = "3Gi" };
    private static readonly ClaimPaths Paths = new("/workspace", Options);
    private static readonly SandboxPodKey Key = new("/workspace/task-1/work/2", "/workspace/task-1/home/2", "python:3.13", Network: false, MaxProcesses: 512);

    [Theory]
    [InlineData(true, true)]
    [InlineData(false, false)]
    public void A_Job_is_what_the_API_knows_and_may_run_where_the_level_is_restricted(bool network, bool home)
    {
        var job = Made(Key with { Network = network, Home = home ? Key.Home : null });
        var pod = job.Spec.Template.Spec;
        var container = Assert.Single(pod.Containers);

        Assert.Empty(PodSecurity.Restricted(pod));
        Assert.True(container.SecurityContext.ReadOnlyRootFilesystem);
        Assert.Equal(1000, pod.SecurityContext.RunAsUser);
        Assert.False(pod.AutomountServiceAccountToken);
        Assert.False(pod.EnableServiceLinks);
        Assert.Equal("Never", pod.RestartPolicy);
        Assert.Equal(0, job.Spec.BackoffLimit);
        Assert.NotNull(job.Spec.TtlSecondsAfterFinished);
        Assert.NotNull(job.Spec.ActiveDeadlineSeconds);
        Assert.Equal(("1500m", "3Gi"), (container.Resources.Limits["cpu"].ToString(), container.Resources.Limits["memory"].ToString()));
        Assert.Equal(network ? "true" : "false", job.Spec.Template.Metadata.Labels["aicoder.dev/network"]);
        Assert.Equal("sandbox", job.Spec.Template.Metadata.Labels["app.kubernetes.io/component"]);
        Assert.InRange(job.Metadata.Name.Length, 1, 63);
    }

    [Fact]
    public void A_pod_is_given_no_variable_and_of_the_claim_only_its_task_s_folders()
    {
        var pod = Made(Key).Spec.Template.Spec;
        var container = pod.Containers.Single();

        Assert.Null(container.Env);
        Assert.Null(container.EnvFrom);
        Assert.All(pod.Volumes, volume => Assert.True(volume.EmptyDir is not null || volume.PersistentVolumeClaim?.ClaimName == "workspace"));
        var claim = pod.Volumes.Single(volume => volume.PersistentVolumeClaim is not null).Name;
        Assert.Equal(
            [("/work", "team/a/task-1/work/2", null), ("/work/.git", "team/a/task-1/work/2/.git", true), ("/home/sandbox", "team/a/task-1/home/2", (bool?)null)],
            container.VolumeMounts.Where(mount => mount.Name == claim).Select(mount => (mount.MountPath, mount.SubPath, mount.ReadOnlyProperty)));
    }

    [Fact]
    public void It_goes_to_the_node_that_the_operator_names_by_the_scheduler()
    {
        var named = SandboxManifests.Job("sandbox", Key, Paths, Options with { Node = "aks-1" }, (1000, 1000), new()).Spec.Template.Spec;

        var term = Assert.Single(named.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution.NodeSelectorTerms);
        var field = Assert.Single(term.MatchFields);
        Assert.Equal(("metadata.name", "In", "aks-1"), (field.Key, field.OperatorProperty, Assert.Single(field.Values)));
        Assert.Null(named.NodeName);
        Assert.Null(Made(Key).Spec.Template.Spec.Affinity);
    }

    [Fact]
    public void What_is_shown_besides_is_read_only_and_what_is_masked_is_empty()
    {
        var key = Key with { ReadOnlyPaths = ["/workspace/.engines/qwen"], Masked = [(".env", true), (".qwen", false)] };

        var mounts = Made(key).Spec.Template.Spec.Containers.Single().VolumeMounts.Where(mount => mount.ReadOnlyProperty == true).Select(mount => (mount.MountPath, mount.SubPath));

        Assert.Equal(
            [
                ("/work/.git", "team/a/task-1/work/2/.git"), ("/run/host/workspace/.engines/qwen", "team/a/.engines/qwen"),
                ("/work/.env", "team/a/.sandbox/empty.txt"), ("/work/.qwen", "team/a/.sandbox/empty"),
            ],
            mounts);
        Assert.NotEqual(Key, key);
        Assert.Equal(key, Key with { ReadOnlyPaths = ["/workspace/.engines/qwen"], Masked = [(".env", true), (".qwen", false)] });
    }

    [Theory]
    [InlineData("/etc")]
    [InlineData("/workspace")]
    [InlineData("/workspace/../etc")]
    [InlineData("/workspace2/task-1/work/1")]
    public void Nothing_outside_of_the_workspace_is_ever_mounted(string path)
    {
        var failure = Assert.Throws<FailureException>(() => Paths.InClaim(path));

        Assert.Equal(FailureCodes.Configuration, failure.Failure.Code);
    }

    [Theory]
    [InlineData("a.csproj", "<Project />", "mcr.microsoft.com/dotnet/sdk:10.0")]
    [InlineData("package.json", """{"scripts":{"test":"node --test"}}""", "node:22")]
    [InlineData("pyproject.toml", "[project]\nname = \"a\"\n", "python:3.13")]
    [InlineData("go.mod", "module a\n", "golang:1.25")]
    [InlineData("Cargo.toml", "[package]\nname = \"a\"\n", "rust:1")]
    [InlineData("pom.xml", "<project/>", "maven:3-eclipse-temurin-21")]
    [InlineData("build.gradle", "", "gradle:8-jdk21")]
    [InlineData("composer.json", "{}", "composer:2")]
    [InlineData("Gemfile", "", "ruby:3.4")]
    [InlineData("README.md", "text", SandboxImages.General)]
    public void The_language_of_a_repository_decides_its_image(string file, string content, string image)
    {
        using var folder = new AiCoder.Testing.TemporaryFolder();
        File.WriteAllText(folder[file], content);

        Assert.Equal(image, SandboxImages.OfLanguage(folder.Root));
    }

    [Fact]
    public void The_task_s_image_counts_before_the_operator_s_and_that_before_the_language_s()
    {
        using var folder = new AiCoder.Testing.TemporaryFolder();
        File.WriteAllText(folder["go.mod"], "module a\n");
        Core.Sandbox.SandboxCommand command = new() { Arguments = ["true"], WorkTree = folder.Root };

        Assert.Equal("theirs:1", new SandboxImages(Options with { Image = "ours:1" }).For(command with { Image = "theirs:1" }));
        Assert.Equal("ours:1", new SandboxImages(Options with { Image = "ours:1" }).For(command));
        var images = new SandboxImages(Options);
        Assert.Equal("golang:1.25", images.For(command));
        // What the model adds does not move a task to another pod.
        File.WriteAllText(folder["package.json"], """{"scripts":{"test":"node --test"}}""");
        File.Delete(folder["go.mod"]);
        Assert.Equal("golang:1.25", images.For(command));
    }

    [Theory]
    [InlineData("closed", false, null)]
    [InlineData("closed", true, null)]
    [InlineData("none", false, "keeps sandboxes from the network")]
    [InlineData("ingress", false, "keeps sandboxes from the network")]
    [InlineData("other", false, "keeps sandboxes from the network")]
    [InlineData("open", false, "dns-for-all")]
    [InlineData("without", true, "bounds what sandboxes with a network")]
    [InlineData("expression", true, null)]
    public void Only_policies_that_hold_sandboxes_back_are_taken_for_such(string kind, bool withNetwork, string? problem)
    {
        var component = new Dictionary<string, string> { ["app.kubernetes.io/component"] = "sandbox" };
        V1NetworkPolicy Policy(string name, V1LabelSelector selector, string[] types, params V1NetworkPolicyEgressRule[] egress) =>
            new() { Metadata = new() { Name = name }, Spec = new() { PodSelector = selector, PolicyTypes = types, Egress = egress.Length > 0 ? egress : null } };
        var closed = Policy("closed", new() { MatchLabels = component }, ["Ingress", "Egress"]);
        V1NetworkPolicy[] policies = kind switch
        {
            "none" => [],
            "ingress" => [Policy("in", new() { MatchLabels = component }, ["Ingress"])],
            "other" => [Policy("other", new() { MatchLabels = new Dictionary<string, string> { ["app.kubernetes.io/component"] = "service" } }, ["Egress"])],
            "open" => [closed, Policy("dns-for-all", new(), ["Egress"], new V1NetworkPolicyEgressRule())],
            "without" => [Policy("closed", new() { MatchLabels = new Dictionary<string, string>(component) { ["aicoder.dev/network"] = "false" } }, ["Egress"])],
            "expression" => [Policy("closed", new() { MatchExpressions = [new() { Key = "app.kubernetes.io/component", OperatorProperty = "In", Values = ["sandbox"] }] }, ["Egress"])],
            _ => [closed, Policy("network", new() { MatchLabels = new Dictionary<string, string>(component) { ["aicoder.dev/network"] = "true" } }, ["Egress"], new V1NetworkPolicyEgressRule())],
        };

        var found = NetworkFence.Problem(policies, "ns", withNetwork);

        if (problem is null)
            Assert.Null(found);
        else
            Assert.Contains(problem, found, StringComparison.Ordinal);
    }

    private static V1Job Made(SandboxPodKey key) => ManifestCheck.Read<V1Job>(KubernetesJson.Serialize(
        SandboxManifests.Job("aicoder-sandbox-0123abcd-0123456789", key, Paths, Options, (1000, 1000), new())));
}
