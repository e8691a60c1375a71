using AiCoder.Kubernetes.Tests.Api;
using AiCoder.Testing.Processes;

namespace AiCoder.Kubernetes.Tests.Runs;

/// <summary><c>aicoder k8s run</c> as a process.</summary>
public sealed class CommandTests
{
    [Fact]
    public async Task The_specification_s_command_line_runs_with_every_option()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("{\"status\": \"completed\"}", 3));
        world.Variables["FROM_HERE"] = "sk-from-here";
        var file = world.Folder["run.env"];
        await File.WriteAllTextAsync(file, "\uFEFF# comment\n\nOPENAI_MODEL=from-file\r\n  QUOTED=\"as it is\" # and this\nFROM_HERE\nNOT_SET\n", TestContext.Current.CancellationToken);

        var run = await world.ProcessAsync(
            "k8s", "run",
            "--namespace", ApiServer.Namespace, "--context", "test", "--name", "task-1",
            "--env", "OPENAI_API_KEY=sk-xxxxxxxx", "--env", "OPENAI_BASE_URL=https://example.com/v1?a=b", "-e", "OPENAI_MODEL=qwen-coder",
            "--env", "TASK_INTENT=添加登录功能", "--env-file", file,
            "--entrypoint", "/usr/bin/env", "--request-cpu", "500m", "--request-memory", "512Mi", "--limit-cpu", "1", "--limit-memory", "1Gi",
            "--workspace-mount", "/work", "--image-pull-secret", "registry", "--service-account", "robot", "--auto-clean", "--timeout", "1h30m",
            RunWorld.Image, "--", "python", "/app/main.py", "--keep", "--", "-x", "@file");

        Assert.Equal(3, run.ExitCode);
        Assert.Equal("{\"status\": \"completed\"}\n", run.Output);
        var pod = await world.Server.PodAsync;
        Assert.Equal(["/usr/bin/env", "python", "/app/main.py", "--keep", "--", "-x", "@file"], pod.Command);
        Assert.Equal("qwen-coder", pod.Environment["OPENAI_MODEL"]);
        Assert.Equal("\"as it is\" # and this", pod.Environment["QUOTED"]);
        Assert.Equal("sk-from-here", pod.Environment["FROM_HERE"]);
        Assert.Equal("https://example.com/v1?a=b", pod.Environment["OPENAI_BASE_URL"]);
        Assert.Equal("添加登录功能", pod.Environment["TASK_INTENT"]);
        Assert.False(pod.Environment.ContainsKey("NOT_SET"));
        Assert.Equal("robot", pod.Pod.Spec.ServiceAccountName);
        Assert.Empty(world.Server.Jobs);
        Assert.Equal("aicoder", world.Server.Requests[0].Headers["User-Agent"]);
        Assert.Equal("Bearer test-token", world.Server.Requests[0].Headers["Authorization"]);
    }

    [Theory]
    [InlineData(AiCoderProcess.SigInt)]
    [InlineData(AiCoderProcess.SigTerm)]
    public async Task An_interrupt_removes_everything(int signal)
    {
        await using var world = await RunWorld.CreateAsync(pod =>
        {
            pod.Start();
            pod.Log.WriteLine("begun");
            return Task.CompletedTask;
        });
        using var process = world.Start("k8s", "run", "-e", "A=b", RunWorld.Image);
        await process.SaidAsync("runs on the node", TestContext.Current.CancellationToken);

        process.Signal(signal);
        var run = await process.EndAsync(TestContext.Current.CancellationToken);

        Assert.Equal(130, run.ExitCode);
        Assert.Contains("is removed", run.Error, StringComparison.Ordinal);
        Assert.Empty(world.Server.Jobs);
        Assert.Empty(world.Server.Secrets);
        Assert.Empty(world.Server.Pods);
    }

    [Fact]
    public async Task An_interrupt_with_keep_leaves_the_Job_running_and_says_how_to_remove_it()
    {
        await using var world = await RunWorld.CreateAsync(pod =>
        {
            pod.Start();
            return Task.CompletedTask;
        });
        using var process = world.Start("k8s", "run", "--keep", "--name", "kept", RunWorld.Image);
        await process.SaidAsync("runs on the node", TestContext.Current.CancellationToken);

        process.Signal(AiCoderProcess.SigInt);
        var run = await process.EndAsync(TestContext.Current.CancellationToken);

        Assert.Equal(130, run.ExitCode);
        Assert.Contains("kubectl --context test -n ai-coder delete job kept", run.Error, StringComparison.Ordinal);
        Assert.Single(world.Server.Jobs);
        Assert.DoesNotContain(world.Server.Requests, request => request.Method == "DELETE");
    }

    [Fact]
    public async Task A_second_interrupt_ends_at_once_although_the_removal_lags()
    {
        await using var world = await RunWorld.CreateAsync(pod =>
        {
            pod.Start();
            return Task.CompletedTask;
        });
        world.Server.HoldsRemovals = new();
        using var process = world.Start("k8s", "run", RunWorld.Image);
        await process.SaidAsync("runs on the node", TestContext.Current.CancellationToken);

        process.Signal(AiCoderProcess.SigInt);
        await RunWorld.UntilAsync(() => world.Server.Requests.Any(request => request.Method == "DELETE"));
        process.Signal(AiCoderProcess.SigInt);

        Assert.Equal(130, (await process.EndAsync(TestContext.Current.CancellationToken)).ExitCode);
    }

    [Theory]
    [InlineData("--keep --auto-clean i", "exclude each other")]
    [InlineData("--no-workspace --workspace-mount /w i", "exclude each other")]
    [InlineData("--timeout soon i", "no duration")]
    [InlineData("--timeout 0 i", "at least one second")]
    [InlineData("--request-cpu lots --limit-memory 1GiB --name A_B i", "--request-cpu 'lots'|--limit-memory '1GiB'|--name 'A_B'")]
    [InlineData("--workspace-mount work i", "absolute path")]
    [InlineData("--env 1A=hunter2 i", "variable's name")]
    [InlineData("--env =hunter2 i", "no NAME=VALUE")]
    [InlineData("--env AICODER_ARGUMENT_1=x i", "AICODER_ARGUMENT_")]
    [InlineData("--env-file /no/such/file i", "can't be read")]
    [InlineData("--namespace A i", "--namespace 'A'")]
    [InlineData("--no-such-option i", "'--no-such-option' is no option of 'aicoder k8s run' and no image")]
    [InlineData("", "Required argument missing|'aicoder k8s run --help' lists")]
    public async Task A_wrong_command_line_exits_with_2_before_anything_is_sent(string arguments, string said)
    {
        await using var world = await RunWorld.CreateAsync();

        var run = await world.ProcessAsync(["k8s", "run", .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);

        Assert.Equal(2, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.All(said.Split('|'), text => Assert.Contains(text, run.Error, StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("hunter2", run.Error, StringComparison.Ordinal);
        Assert.Empty(world.Server.Requests);
    }

    [Fact]
    public async Task Help_names_every_option()
    {
        await using var world = await RunWorld.CreateAsync();

        var run = await world.ProcessAsync("k8s", "run", "--help");

        Assert.Equal(0, run.ExitCode);
        string[] options =
        [
            "--namespace", "--env", "--env-file", "--entrypoint", "--request-cpu", "--request-memory", "--limit-cpu", "--limit-memory", "--workspace-mount", "--no-workspace",
            "--image-pull-secret", "--service-account", "--context", "--auto-clean", "--keep", "--name", "--timeout",
        ];
        Assert.All(options, option => Assert.Contains(option, run.Output, StringComparison.Ordinal));
    }
}
