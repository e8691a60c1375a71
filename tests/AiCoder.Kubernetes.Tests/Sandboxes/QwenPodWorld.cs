using System.Text.Json.Nodes;
using AiCoder.Core.Agent.Qwen;
using AiCoder.Demo;
using AiCoder.Testing;
using AiCoder.Testing.Processes;
using AiCoder.Testing.Tasks;

namespace AiCoder.Kubernetes.Tests.Sandboxes;

/// <summary>A cluster, and the real <c>aicoder</c> with the real Qwen Code, whose tasks' commands run in its pods.</summary>
internal sealed class QwenPodWorld : IAsyncDisposable
{
    private QwenPodWorld(SandboxWorld pods, TaskSurroundings around) => (Pods, Around) = (pods, around);

    public SandboxWorld Pods { get; }
    public TaskSurroundings Around { get; }
    public Dictionary<string, string> Environment { get; private set; } = [];

    /// <summary>The model's.</summary>
    public string Key => Environment["OPENAI_API_KEY"];

    public static async Task<QwenPodWorld> CreateAsync(Func<ScriptedRequest, ScriptedReply> script, IReadOnlyDictionary<string, string>? files = null)
    {
        Assert.SkipWhen(QwenCode.Folder is null, QwenCode.Missing);
        var world = new QwenPodWorld(
            await SandboxWorld.CreateAsync(), await TaskSurroundings.CreateAsync(script, null, null, files, TestContext.Current.CancellationToken));
        world.Environment = SandboxTaskTests.Environment(world.Pods, world.Around);
        world.Environment["QWEN_CODE_DIR"] = QwenCode.Folder!;
        return world;
    }

    /// <summary>Where the agent lies on the claim, once it was copied there.</summary>
    public string Placed => Path.Combine(Pods.WorkspaceDir, ".engines", $"qwen-{QwenInstallation.TestedVersion}");

    public AiCoderProcess Start(string taskId, object further) => Start("run", Around.Request(taskId, further).ToJsonString());

    public AiCoderProcess Start(params string[] arguments) => AiCoderProcess.Start(Environment, arguments);

    public async Task<(int ExitCode, string Output, string Error, JsonNode Result)> RunAsync(string taskId, object further)
    {
        using var process = Start(taskId, further);
        return await EndAsync(process);
    }

    public static async Task<(int ExitCode, string Output, string Error, JsonNode Result)> EndAsync(AiCoderProcess process)
    {
        var run = await process.EndAsync(TestContext.Current.CancellationToken);
        Assert.True(run.Output.Length > 0, run.Error);
        return (run.ExitCode, run.Output, run.Error, JsonNode.Parse(run.Output)!);
    }

    /// <summary>Asks the repository that the tasks push to.</summary>
    public Task<string> GitAsync(params string[] arguments) => GitProgram.RunAsync(Around.BareRepository(), arguments);

    public async ValueTask DisposeAsync()
    {
        await Around.DisposeAsync();
        await Pods.DisposeAsync();
    }
}
