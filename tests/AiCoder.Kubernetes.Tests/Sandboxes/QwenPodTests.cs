using System.Text.Json;
using System.Text.Json.Nodes;
using AiCoder.Demo;
using AiCoder.Kubernetes.Tests.Api;
using AiCoder.Testing;
using AiCoder.Testing.Processes;
using AiCoder.Testing.Tasks;

namespace AiCoder.Kubernetes.Tests.Sandboxes;

/// <summary>The real Qwen Code command line in a task's pod: it reaches the model through nothing but the exec that started it.</summary>
public sealed class QwenPodTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_task_ends_in_the_same_tree_by_either_engine_and_no_key_is_in_a_pod_or_a_request()
    {
        await using var world = await QwenPodWorld.CreateAsync(QwenScript.After(
            DemoProject.Shell, QwenScript.Shell("cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n'; env; ls -R /run/host | head -n 20")));

        var own = await world.RunAsync("own", new { engine = "openai" });
        var qwen = await world.RunAsync("qwen", new { engine = "qwen", validation = new { image = "registry.example.com/tools:1" } });

        Assert.True(own.ExitCode == 0, own.Error + own.Output);
        Assert.True(qwen.ExitCode == 0, qwen.Error + qwen.Output);
        Assert.Equal("passed", (string?)qwen.Result["test_results"]!["verdict"]);
        Assert.Equal(await world.GitAsync("rev-parse", "ai/own^{tree}"), await world.GitAsync("rev-parse", "ai/qwen^{tree}"));
        var questions = world.Around.Model.Requests.Where(QwenScript.IsQwen).ToList();
        Assert.Contains("OPENAI_MODEL", questions[1].LastText, StringComparison.Ordinal);
        Assert.All(questions, question => Assert.DoesNotContain(world.Key, question.Body.ToJsonString(), StringComparison.Ordinal));
        Assert.All(world.Pods.Server.Requests, sent => Assert.DoesNotContain(world.Key, sent.Path + sent.Body, StringComparison.Ordinal));
    }
}
