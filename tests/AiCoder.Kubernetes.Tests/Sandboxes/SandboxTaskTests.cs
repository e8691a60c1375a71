using System.Text.Json.Nodes;
using AiCoder.Demo;
using AiCoder.Kubernetes.Tests.Api;
using AiCoder.Testing.Processes;
using AiCoder.Testing.Tasks;

namespace AiCoder.Kubernetes.Tests.Sandboxes;

/// <summary>A whole task of the real <c>aicoder</c>, whose commands run in pods.</summary>
public sealed class SandboxTaskTests
{
    [Fact]
    public async Task A_task_prepares_codes_and_tests_in_a_pod_and_leaves_none()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var world = await SandboxWorld.CreateAsync();
        await using var around = await TaskSurroundings.CreateAsync(null, null, null, null, stop);
        var images = new List<string>();
        world.PlaysPod = pod =>
        {
            lock (images)
                images.Add(pod.Pod.Spec.Containers[0].Image);
            return false;
        };
        var environment = Environment(world, around);
        var request = around.Request("in-pods", new { validation = new { image = "registry.example.com/tools:1" } }).ToJsonString();

        using var process = AiCoderProcess.Start(environment, ["run", request]);
        var run = await process.EndAsync(stop);

        Assert.True(run.ExitCode == 0, run.Error);
        var result = JsonNode.Parse(run.Output)!;
        Assert.Equal("completed", (string?)result["status"]);
        Assert.Equal("passed", (string?)result["test_results"]!["verdict"]);
        Assert.Equal(["registry.example.com/tools:1"], images.Distinct());
        // Baseline, the model's commands and validation: several commands, one pod.
        Assert.True(world.Server.Requests.Count(sent => sent.Path.Contains("/exec?", StringComparison.Ordinal)) > 4);
        Assert.Single(world.Server.Requests, sent => sent.Method == "POST" && sent.Path.EndsWith("/jobs", StringComparison.Ordinal));
        await RunWorld.UntilAsync(() => world.Server.Jobs.Count == 0);
        foreach (var secret in environment.Where(variable => variable.Key.EndsWith("_KEY", StringComparison.Ordinal) || variable.Key.EndsWith("SECRET", StringComparison.Ordinal)))
            Assert.All(world.Server.Requests, sent => Assert.DoesNotContain(secret.Value, sent.Path + sent.Body, StringComparison.Ordinal));
    }

    [Fact]
    public async Task An_edit_of_a_task_that_would_not_parse_is_refused_in_the_pod_of_its_commands()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var world = await SandboxWorld.CreateAsync();
        var project = DemoProject.Shell;
        await using var around = await TaskSurroundings.CreateAsync(
            request => request.Tools.Contains("finish")
                ? request.Turn == 0
                    ? ScriptedReply.Call("edit_file", new() { ["path"] = project.Source, ["old_text"] = "    fi\n", ["new_text"] = "" })
                    : DemoScript.Code(project, request.Turn - 1)
                : DemoScript.Plan(project),
            cancellationToken: stop);

        using var process = AiCoderProcess.Start(Environment(world, around), ["run", around.Request("slips", null).ToJsonString()]);
        var run = await process.EndAsync(stop);

        Assert.True(run.ExitCode == 0, run.Error);
        var answer = around.Model.Requests.First(request => request.Tools.Contains("finish") && request.Turn == 1).LastText;
        Assert.Contains($"Refused: {project.Source} would not parse", answer, StringComparison.Ordinal);
        Assert.Contains($"{project.Source}: line ", answer, StringComparison.Ordinal);
        Assert.Single(world.Server.Requests, sent => sent.Method == "POST" && sent.Path.EndsWith("/jobs", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_policies_the_task_fails_before_its_first_model_call_and_doctor_says_why()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var world = await SandboxWorld.CreateAsync();
        await using var around = await TaskSurroundings.CreateAsync(null, null, null, null, stop);
        world.Policies.Clear();
        var environment = Environment(world, around);

        using var process = AiCoderProcess.Start(environment, ["run", around.Request("open", null).ToJsonString()]);
        var run = await process.EndAsync(stop);
        using var doctor = AiCoderProcess.Start(environment, ["doctor"]);
        var examined = await doctor.EndAsync(stop);

        Assert.Equal(1, run.ExitCode);
        Assert.Equal("sandbox_unavailable", (string?)JsonNode.Parse(run.Output)!["error"]!["code"]);
        Assert.Empty(around.Model.Requests);
        Assert.Contains("No NetworkPolicy in the namespace", examined.Output + examined.Error, StringComparison.Ordinal);
        Assert.Empty(world.Server.Jobs);
    }

    internal static Dictionary<string, string> Environment(SandboxWorld world, TaskSurroundings around)
    {
        var environment = new Dictionary<string, string>(around.NewEnvironment())
        {
            ["WORKSPACE_DIR"] = world.WorkspaceDir,
            ["STATE_DIR"] = world.Folder["state"],
            ["SANDBOX"] = "kubernetes",
            ["SANDBOX_VOLUME_CLAIM"] = "workspace",
            ["SANDBOX_VOLUME_SUBPATH"] = "share",
            ["SANDBOX_NETWORK"] = "none",
            ["KUBECONFIG"] = world.Folder["kubeconfig"],
        };
        return environment;
    }
}
