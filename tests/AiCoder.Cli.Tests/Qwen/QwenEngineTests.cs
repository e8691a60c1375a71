using AiCoder.Cli.Tests.Infrastructure;
using AiCoder.Demo;
using AiCoder.Testing;
using AiCoder.Testing.Processes;
using AiCoder.Testing.Tasks;

namespace AiCoder.Cli.Tests.Qwen;

/// <summary>The real Qwen Code command line in the real sandbox, on a scripted model.</summary>
public sealed class QwenEngineTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_same_task_ends_in_the_same_tree_by_either_engine()
    {
        await using var world = await CreateAsync();

        var own = await world.RunAsync(world.Request("own", new { engine = "openai" }));
        var qwen = await world.RunAsync(world.Request("qwen", new { engine = "qwen" }));

        Assert.True(own.ExitCode == 0, own.Error + own.Output);
        Assert.True(qwen.ExitCode == 0, qwen.Error + qwen.Output);
        Assert.Equal("passed", (string?)qwen.Result["test_results"]!["verdict"]);
        Assert.Equal(["modified: price.sh"], qwen.Result["changes"]!.AsArray().Select(change => (string?)change));
        Assert.Equal(await world.GitAsync("rev-parse", "ai/own^{tree}"), await world.GitAsync("rev-parse", "ai/qwen^{tree}"));
        Assert.Equal(1, world.PushesOf("ai/qwen"));
        Assert.Contains("passes", (string?)qwen.Result["summary"], StringComparison.Ordinal);
    }

    internal static async Task<TaskWorld> CreateAsync(Func<ScriptedRequest, ScriptedReply>? script = null, IReadOnlyDictionary<string, string>? files = null)
    {
        Assert.SkipWhen(QwenCode.Folder is null, QwenCode.Missing);
        var world = await TaskWorld.CreateAsync(script ?? QwenScript.For(DemoProject.Shell), files: files);
        world.Environment["QWEN_CODE_DIR"] = QwenCode.Folder!;
        return world;
    }
}
