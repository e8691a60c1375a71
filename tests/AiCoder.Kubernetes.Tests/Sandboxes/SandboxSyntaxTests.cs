using System.Text.Json.Nodes;
using AiCoder.Core.Models;
using AiCoder.Core.Tools;
using AiCoder.Testing;

namespace AiCoder.Kubernetes.Tests.Sandboxes;

/// <summary>An edit's file is parsed in the pod that the task's commands have.</summary>
public sealed class SandboxSyntaxTests
{
    private const string Image = "registry.example.com/tools:1";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_edit_that_breaks_a_file_is_refused_by_a_parser_in_the_pod_of_the_commands(bool network)
    {
        await using var world = await SandboxWorld.CreateAsync();
        using var tools = await ToolsAsync(world, network);

        await CallAsync(tools, "run_command", new() { ["command"] = "true" });
        var refused = await WriteAsync(tools, "src/run.sh", "if true; then\n  echo hi\n");
        var written = await WriteAsync(tools, "src/run.sh", "if true; then\n  echo hi\nfi\n");
        await CallAsync(tools, "run_command", new() { ["command"] = "true" });

        Assert.True(refused.Error, refused.Text);
        Assert.StartsWith("Refused: src/run.sh would not parse, so nothing was written", refused.Text, StringComparison.Ordinal);
        Assert.Contains("src/run.sh: line 3: syntax error", refused.Text, StringComparison.Ordinal);
        Assert.False(written.Error, written.Text);
        var pod = Assert.Single(world.Server.Pods).Pod;
        Assert.Equal((network ? "true" : "false", Image), (pod.Metadata.Labels["aicoder.dev/network"], pod.Spec.Containers[0].Image));
        Assert.Equal(1, Created(world));
        Assert.Empty(Directory.EnumerateFileSystemEntries(world.Home));
    }

    [Fact]
    public async Task What_commands_left_in_home_and_path_is_not_taken_for_the_parser()
    {
        await using var world = await SandboxWorld.CreateAsync();
        world.Environment["BASH_ENV"] = "/home/sandbox/settings";
        using var tools = await ToolsAsync(world, network: false);
        await CallAsync(tools, "run_command", new()
        {
            ["command"] = "mkdir -p ~/.local/bin; for p in bash sh cp mkdir grep head; do printf '#!/bin/sh\\n: > /work/ran\\nexit 0\\n' > ~/.local/bin/$p; chmod +x ~/.local/bin/$p; done; echo ': > /work/ran' > ~/settings",
        });

        Assert.True((await WriteAsync(tools, "run.sh", "echo 'a\n")).Error);
        Assert.False((await WriteAsync(tools, "run.sh", "echo 'a'\n")).Error);

        Assert.False(File.Exists(Path.Combine(world.WorkTree, "ran")));
    }

    [Fact]
    public async Task After_its_pod_is_gone_an_edit_is_checked_in_the_next_one()
    {
        await using var world = await SandboxWorld.CreateAsync();
        using var tools = await ToolsAsync(world, network: false);
        await CallAsync(tools, "run_command", new() { ["command"] = "true" });
        var pod = world.Server.Pods.Single();
        (await world.ContainerAsync(pod)).Kill();
        pod.Vanish();

        var refused = await WriteAsync(tools, "run.sh", "echo 'a\n");

        Assert.True(refused.Error, refused.Text);
        Assert.Equal(2, Created(world));
    }

    private static int Created(SandboxWorld world) =>
        world.Server.Requests.Count(sent => sent.Method == "POST" && sent.Path.EndsWith("/jobs", StringComparison.Ordinal));

    private static async Task<ToolSet> ToolsAsync(SandboxWorld world, bool network)
    {
        var git = Directory.CreateDirectory(world.Folder["git"]).FullName;
        await GitProgram.RunAsync(git, "init", "--quiet");
        return new(world.WorkTree, Path.Combine(git, ".git"), new PathScope([], false), world.Sandbox, world.Home, network, TimeProvider.System, Image);
    }

    private static Task<ToolResult> WriteAsync(ToolSet tools, string path, string content) =>
        CallAsync(tools, "write_file", new() { ["path"] = path, ["content"] = content });

    private static Task<ToolResult> CallAsync(ToolSet tools, string tool, JsonObject arguments) =>
        tools.RunAsync(new ToolCall("1", tool, arguments.ToJsonString()), TestContext.Current.CancellationToken);
}
