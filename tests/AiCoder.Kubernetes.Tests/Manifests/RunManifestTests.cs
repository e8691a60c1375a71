using System.Text.Json;
using AiCoder.Kubernetes.Runs;
using AiCoder.Kubernetes.Tests.Api;
using AiCoder.Testing.Kubernetes;
using k8s;
using k8s.Models;

namespace AiCoder.Kubernetes.Tests.Manifests;

public sealed class RunManifestTests
{
    private static readonly RunRequest Full = new()
    {
        Image = RunWorld.Image,
        Arguments = ["python", "/app/main.py"],
        Entrypoint = "/bin/env",
        Environment = [new("OPENAI_API_KEY", "sk-x")],
        RequestCpu = "500m",
        RequestMemory = "512Mi",
        LimitCpu = "1",
        LimitMemory = "1Gi",
        Workspace = "/work",
        ImagePullSecrets = ["registry"],
        ServiceAccount = "robot",
        Name = "task-1",
        Timeout = TimeSpan.FromMinutes(90),
    };

    [Theory]
    [InlineData("full")]
    [InlineData("bare")]
    [InlineData("kept")]
    public void A_Job_is_what_the_API_knows_and_may_run_where_the_level_is_restricted(string kind)
    {
        var request = kind switch
        {
            "full" => Full,
            "kept" => Full with { Keep = true },
            _ => new() { Image = RunWorld.Image, Workspace = null },
        };
        var made = RunManifests.Job(request, "task-1", "maker", RunFingerprint.Of(request));

        var job = ManifestCheck.Read<V1Job>(KubernetesJson.Serialize(made));

        Assert.Empty(PodSecurity.Restricted(job.Spec.Template.Spec));
        Assert.Equal("Never", job.Spec.Template.Spec.RestartPolicy);
        Assert.Equal(0, job.Spec.BackoffLimit);
        Assert.Equal(request.Keep ? null : 3600, job.Spec.TtlSecondsAfterFinished);
        if (RunManifests.Secret(request, made) is { } secret)
            ManifestCheck.Read<V1Secret>(KubernetesJson.Serialize(secret));
    }

    [Fact]
    public void Every_option_stands_where_Kubernetes_looks_for_it()
    {
        var job = RunManifests.Job(Full, "task-1", "maker", null);
        var pod = job.Spec.Template.Spec;
        var container = Assert.Single(pod.Containers);

        Assert.Equal(5400, job.Spec.ActiveDeadlineSeconds);
        Assert.Equal("robot", pod.ServiceAccountName);
        Assert.Null(pod.AutomountServiceAccountToken);
        Assert.Equal("registry", Assert.Single(pod.ImagePullSecrets).Name);
        Assert.Equal("500m", container.Resources.Requests["cpu"].ToString());
        Assert.Equal("512Mi", container.Resources.Requests["memory"].ToString());
        Assert.Equal("1", container.Resources.Limits["cpu"].ToString());
        Assert.Equal("1Gi", container.Resources.Limits["memory"].ToString());
        Assert.Equal("/work", Assert.Single(container.VolumeMounts).MountPath);
        Assert.NotNull(Assert.Single(pod.Volumes).EmptyDir);
        Assert.Equal("/work", container.Env.Single(variable => variable.Name == "WORKSPACE_DIR").Value);
        Assert.Equal(["/bin/env"], container.Command);
        Assert.False(RunManifests.Job(new() { Image = "i" }, "n", "m", null).Spec.Template.Spec.AutomountServiceAccountToken);
    }

    [Fact]
    public void An_image_that_starts_as_root_keeps_to_the_level_baseline()
    {
        var pod = RunManifests.Job(Full with { AllowRoot = true }, "task-1", "maker", null).Spec.Template.Spec;

        Assert.Empty(PodSecurity.Baseline(pod));
        Assert.NotEmpty(PodSecurity.Restricted(pod));
        Assert.Null(pod.SecurityContext.RunAsNonRoot);
    }

    [Fact]
    public void The_check_knows_what_it_looks_for()
    {
        Assert.Throws<JsonException>(() => ManifestCheck.Read<V1Job>("""{"apiVersion": "batch/v1", "kind": "Job", "spec": {"template": {"spec": {"containers": [{"name": "a", "imagee": "b"}]}}}}"""));
        Assert.Throws<JsonException>(() => ManifestCheck.Read<V1Job>("""{"apiVersion": "batch/v1", "spec": {"backoffLimit": "0"}}"""));
        var good = RunManifests.Job(Full, "task-1", "maker", null);
        Action<V1PodSpec>[] worse =
        [
            pod => pod.HostNetwork = true,
            pod => pod.SecurityContext.RunAsNonRoot = false,
            pod => pod.SecurityContext.SeccompProfile = null,
            pod => pod.SecurityContext.SeccompProfile.Type = "Unconfined",
            pod => pod.SecurityContext.RunAsUser = 0,
            pod => pod.Volumes.Add(new() { Name = "host", HostPath = new() { Path = "/" } }),
            pod => pod.Containers[0].SecurityContext = null,
            pod => pod.Containers[0].SecurityContext.Privileged = true,
            pod => pod.Containers[0].SecurityContext.AllowPrivilegeEscalation = null,
            pod => pod.Containers[0].SecurityContext.Capabilities.Drop = ["NET_RAW"],
            pod => pod.Containers[0].SecurityContext.Capabilities.Add = ["SYS_ADMIN"],
            pod => pod.InitContainers = [new() { Name = "first" }],
        ];
        Assert.All(worse, change =>
        {
            var job = ManifestCheck.Read<V1Job>(KubernetesJson.Serialize(good));
            change(job.Spec.Template.Spec);
            Assert.NotEmpty(PodSecurity.Restricted(job.Spec.Template.Spec));
        });
    }
}
