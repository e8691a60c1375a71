using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Tests.Configuration;

/// <summary>The settings of SANDBOX=kubernetes, and what requests may say where it is set.</summary>
public sealed class KubernetesSandboxTests
{
    [Fact]
    public void Every_setting_has_its_place_and_the_rest_its_default()
    {
        var all = Read(new()
        {
            ["SANDBOX_VOLUME_CLAIM"] = "workspace", ["SANDBOX_VOLUME_SUBPATH"] = "/team/a/", ["SANDBOX_NAMESPACE"] = "sandboxes", ["SANDBOX_IMAGE"] = "registry.example.com:5000/tools/all:1.0",
            ["SANDBOX_CPU"] = "1500m", ["SANDBOX_MEMORY"] = "512Mi", ["SANDBOX_NODE"] = "aks-tasks-1.internal",
        });
        var least = Read(new() { ["SANDBOX_VOLUME_CLAIM"] = "workspace" });

        Assert.Equal(
            new()
            {
                VolumeClaim = "workspace", VolumeSubPath = "team/a", Namespace = "sandboxes", Image = "registry.example.com:5000/tools/all:1.0", Cpu = "1500m", Memory = "512Mi",
                Node = "aks-tasks-1.internal",
            },
            all);
        Assert.Equal(new() { VolumeClaim = "workspace" }, least);
    }

    [Fact]
    public void All_problems_are_listed_at_once()
    {
        var problems = Assert.Throws<FailureException>(() => Read(new()
        {
            ["SANDBOX_VOLUME_SUBPATH"] = "../other", ["SANDBOX_NAMESPACE"] = "Not A Name", ["SANDBOX_IMAGE"] = "--privileged", ["SANDBOX_CPU"] = "-1", ["SANDBOX_MEMORY"] = "lots", ["SANDBOX_NODE"] = "--any",
        })).Failure.Message;

        foreach (var name in new[] { "SANDBOX_VOLUME_CLAIM", "SANDBOX_VOLUME_SUBPATH", "SANDBOX_NAMESPACE", "SANDBOX_IMAGE", "SANDBOX_CPU", "SANDBOX_MEMORY", "SANDBOX_NODE" })
            Assert.Contains(name, problems, StringComparison.Ordinal);
    }

    [Fact]
    public void Where_another_sandbox_is_set_they_mean_nothing()
    {
        var options = EnvironmentReader.Read(
            new Dictionary<string, string> { ["HOME"] = "/home/me", ["SANDBOX_CPU"] = "lots" }.GetValueOrDefault, callerIsOperator: false);

        Assert.Null(options.KubernetesSandbox);
    }

    [Theory]
    [InlineData("\"validation\":{\"image\":\"python:3.13@sha256:abc\"}", null)]
    [InlineData("\"validation\":{\"image\":\"a b\"}", "validation.image")]
    [InlineData("\"validation\":{\"image\":\"-x\"}", "validation.image")]
    [InlineData("\"engine\":\"qwen\",\"validation\":{\"image\":\"python:3.13@sha256:abc\"}", null)]
    public void A_request_may_name_an_image_with_either_engine(string part, string? problem)
    {
        var options = new AiCoderOptions
        {
            WorkspaceDir = "/w", StateDir = "/s", ApiKey = "sk-x", QwenCodeDir = "/opt/qwen", Sandbox = SandboxKind.Kubernetes, KubernetesSandbox = new() { VolumeClaim = "workspace" },
        };
        AcceptedTask Accept() => TaskAcceptance.Accept(TaskRequestReader.Read($$"""{"repo_url":"https://h.example/x","intent":"x",{{part}}}"""), options, "task-1");

        if (problem is null)
            Assert.Equal("python:3.13@sha256:abc", Accept().Spec.Validation.Image);
        else
            Assert.Equal(problem, Assert.Single(Assert.Throws<TaskRequestException>(Accept).Problems).Field);
    }

    [Theory]
    [InlineData("python:3.13", true)]
    [InlineData("registry.example.com/tools/all@sha256:abc", true)]
    [InlineData("tools:1", true)]
    [InlineData("tools:1.1", false)]
    [InlineData("python-evil:3.13", false)]
    [InlineData("registry.example.com.evil.example/tools/x", false)]
    public void The_operator_says_which_images_requests_may_name(string image, bool allowed)
    {
        var options = new AiCoderOptions
        {
            WorkspaceDir = "/w", StateDir = "/s", ApiKey = "sk-x", Sandbox = SandboxKind.Kubernetes,
            KubernetesSandbox = Read(new() { ["SANDBOX_VOLUME_CLAIM"] = "workspace", ["SANDBOX_ALLOWED_IMAGES"] = "python:*, registry.example.com/tools/*,tools:1" }),
        };
        AcceptedTask Accept() => TaskAcceptance.Accept(TaskRequestReader.Read($$$"""{"repo_url":"https://h.example/x","intent":"x","validation":{"image":"{{{image}}}"}}"""), options, "task-1");

        if (allowed)
            Assert.Equal(image, Accept().Spec.Validation.Image);
        else
            Assert.Contains("SANDBOX_ALLOWED_IMAGES", Assert.Single(Assert.Throws<TaskRequestException>(Accept).Problems).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("registry.example.com*")]
    [InlineData("*")]
    [InlineData("a b")]
    [InlineData("py*thon:3")]
    public void A_beginning_that_could_be_somebody_else_s_is_refused(string images) => Assert.Contains(
        "SANDBOX_ALLOWED_IMAGES",
        Assert.Throws<FailureException>(() => Read(new() { ["SANDBOX_VOLUME_CLAIM"] = "workspace", ["SANDBOX_ALLOWED_IMAGES"] = images })).Failure.Message,
        StringComparison.Ordinal);

    private static KubernetesSandboxOptions? Read(Dictionary<string, string> variables)
    {
        variables["SANDBOX"] = "kubernetes";
        variables["HOME"] = "/home/me";
        return EnvironmentReader.Read(variables.GetValueOrDefault, callerIsOperator: false).KubernetesSandbox;
    }
}
