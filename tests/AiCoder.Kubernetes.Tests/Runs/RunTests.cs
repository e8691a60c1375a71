using System.Text;
using AiCoder.Kubernetes.Runs;
using AiCoder.Kubernetes.Tests.Api;

namespace AiCoder.Kubernetes.Tests.Runs;

public sealed class RunTests
{
    private const string Token = "glpat-0123456789abcdef";

    [Fact]
    public async Task A_run_prints_the_container_s_bytes_returns_its_exit_code_and_leaves_nothing()
    {
        byte[] notText = [0xff, 0x00, (byte)'\t', 0xe4, 0xbd, (byte)'\n'];
        await using var world = await RunWorld.CreateAsync(pod =>
        {
            pod.Schedule();
            pod.Start();
            pod.Log.WriteLine("你好");
            pod.Log.Write(notText);
            pod.Log.Write("no line feed"u8.ToArray());
            pod.End(42);
            return Task.CompletedTask;
        });

        var end = await world.RunAsync(new() { Image = RunWorld.Image, Environment = [new("A", "b")] });

        Assert.Equal(new RunEnd(42), end);
        Assert.Equal([.. "你好\n"u8, .. notText, .. "no line feed"u8], world.Output.ToArray());
        Assert.Empty(world.Server.Jobs);
        Assert.Empty(world.Server.Secrets);
        Assert.Empty(world.Server.Pods);
    }

    [Fact]
    public async Task The_container_gets_command_and_environment_unchanged_whatever_is_in_them()
    {
        string[] arguments = ["python", "/app/main.py", "$(TOKEN)", "$$", "$", "a $HOME $(", "", "--flag=\"x y\"", "第一行\n第二行", "{\"intent\": \"$(A)$$\"}"];
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints(""));
        var environment = new Dictionary<string, string> { ["TOKEN"] = Token, ["A"] = "$(TOKEN) $$", ["EMPTY"] = "", ["with.dots-and"] = "添加登录功能\n" };

        await world.RunAsync(new() { Image = RunWorld.Image, Entrypoint = "/bin/$(A)$$", Arguments = arguments, Environment = [.. environment] });

        var pod = await world.Server.PodAsync;
        Assert.Equal(["/bin/$(A)$$", .. arguments], pod.Command);
        Assert.All(environment, variable => Assert.Equal(variable.Value, pod.Environment[variable.Key]));
    }

    [Theory]
    [InlineData(null, null, "a b")]
    [InlineData("/bin/sh", "/bin/sh", "a b")]
    [InlineData("", "a", "b")]
    public async Task An_entry_point_is_replaced_or_cleared_as_docker_does_it(string? entrypoint, string? command, string args)
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints(""));

        await world.RunAsync(new() { Image = RunWorld.Image, Entrypoint = entrypoint, Arguments = ["a", "b"] });

        var pod = await world.Server.PodAsync;
        var container = pod.Pod.Spec.Containers[0];
        Assert.Equal(command is null ? null : 1, container.Command?.Count);
        Assert.Equal(args.Split(' ').Length, container.Args.Count);
        Assert.Equal(entrypoint is "" or null ? "a b" : entrypoint + " a b", string.Join(' ', pod.Command));
    }

    [Fact]
    public async Task No_value_stands_in_anything_that_is_sent_but_the_Secret()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints(""));
        string[] secrets = [Token, "sk-secret", "hook.example.com"];
        var request = new RunRequest
        {
            Image = RunWorld.Image,
            Name = "named",
            Environment = [new("OPENAI_API_KEY", "sk-secret"), new("WEBHOOK_URL", "https://hook.example.com")],
            Arguments = [$$"""{"repo_url": "https://example.com/a.git", "gitlab_api_token": "{{Token}}"}"""],
        };

        await world.RunAsync(request);

        var withSecret = world.Server.Requests.Where(sent => sent.Path.EndsWith("/secrets", StringComparison.Ordinal)).ToList();
        var (own, others) = (Assert.Single(withSecret), world.Server.Requests.Except(withSecret).ToList());
        Assert.Contains(Base64(request.Arguments[0]), own.Body, StringComparison.Ordinal);
        Assert.Contains(others, sent => sent.Method == "POST");
        foreach (var text in secrets.Concat(request.Arguments).SelectMany(secret => new[] { secret, Base64(secret), Uri.EscapeDataString(secret) }))
            Assert.DoesNotContain(others, sent => (sent.Path + sent.Body + string.Join(' ', sent.Headers.Values)).Contains(text, StringComparison.Ordinal));
        Assert.All(secrets, secret => Assert.DoesNotContain(secret, world.Said, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_Secret_belongs_to_the_Job_and_is_there_before_the_pod()
    {
        var seen = new TaskCompletionSource<bool>();
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = pod =>
        {
            var (job, secret) = (Assert.Single(world.Server.Jobs), Assert.Single(world.Server.Secrets));
            seen.SetResult(secret.Metadata.OwnerReferences.Single().Uid == job.Metadata.Uid);
            return RunWorld.Prints("")(pod);
        };

        await world.RunAsync(new() { Image = RunWorld.Image, Environment = [new("A", "b")] });

        Assert.True(await seen.Task);
    }

    [Fact]
    public async Task A_run_without_values_makes_no_Secret_and_needs_no_right_to()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("done"));
        world.Server.Fault = request => request.Method == "PATCH" || request.Path.Contains("/secrets", StringComparison.Ordinal) ? ApiServer.Status(403, "Forbidden", "no") : null;

        Assert.Equal(0, (await world.RunAsync()).ExitCode);
        Assert.Equal("done\n", world.OutputText);
    }

    [Fact]
    public async Task A_pod_that_was_kept_is_left_with_the_commands_to_remove_it()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("done", 3));

        Assert.Equal(3, (await world.RunAsync(new() { Image = RunWorld.Image, Keep = true, Name = "kept", Environment = [new("A", "b")] })).ExitCode);

        Assert.Null(Assert.Single(world.Server.Jobs).Spec.TtlSecondsAfterFinished);
        Assert.Single(world.Server.Secrets);
        Assert.Contains("kubectl --context test -n ai-coder delete job kept", world.Said, StringComparison.Ordinal);
        Assert.Contains("kubectl --context test -n ai-coder logs -f job/kept", world.Said, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Server.Requests, request => request.Method == "DELETE");
    }

    [Fact]
    public async Task A_removal_that_lags_is_waited_for()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints(""));
        var hold = world.Server.HoldsRemovals = new();

        var run = world.RunAsync();
        await RunWorld.UntilAsync(() => world.Server.Requests.SkipWhile(request => request.Method != "DELETE").Count() > 3);
        Assert.False(run.IsCompleted);
        hold.SetResult();

        Assert.Equal(0, (await run).ExitCode);
        Assert.Contains("is removed", world.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_removal_that_never_ends_or_fails_changes_nothing_about_the_exit_code()
    {
        await using var world = await RunWorld.CreateAsync(RunWorld.Prints("", 5));
        world.Server.HoldsRemovals = new();
        Assert.Equal(5, (await world.RunAsync(bounds: RunWorld.Quick with { Removal = TimeSpan.FromMilliseconds(300) })).ExitCode);
        Assert.Contains("still removing", world.Said, StringComparison.Ordinal);

        world.Server.Fault = request => request.Method == "DELETE" ? ApiServer.Status(403, "Forbidden", "you may not delete jobs") : null;
        Assert.Equal(5, (await world.RunAsync(new() { Image = RunWorld.Image, Name = "stays" })).ExitCode);
        Assert.Contains("you may not delete jobs", world.Said, StringComparison.Ordinal);
        Assert.Contains("delete job stays", world.Said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Job_of_the_same_name_that_came_later_is_not_removed()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = pod =>
        {
            // Someone removes the Job and makes another of the same name, while ours runs.
            world.Server.Change(() => world.Server.Jobs.Single().Metadata.Uid = "another");
            return Task.CompletedTask;
        };

        var failure = await world.FailAsync(new() { Image = RunWorld.Image, Name = "taken" });

        Assert.Contains("removed by someone else", failure.Message, StringComparison.Ordinal);
        Assert.Null(Assert.Single(world.Server.Jobs).Metadata.DeletionTimestamp);
    }

    [Fact]
    public async Task An_interrupted_run_removes_its_Job_even_where_the_creation_s_answer_had_not_come()
    {
        await using var world = await RunWorld.CreateAsync();
        using var stop = new CancellationTokenSource();
        world.Server.LostAnswer = request =>
        {
            if (request is { Method: "POST" })
                stop.Cancel();
            return null;
        };

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.RunAsync(stop: stop.Token));

        Assert.Empty(world.Server.Jobs);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
