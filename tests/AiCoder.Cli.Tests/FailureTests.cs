using System.Diagnostics;
using AiCoder.Cli.Tests.Infrastructure;
using AiCoder.Demo;
using AiCoder.Testing;
using AiCoder.Testing.Processes;

namespace AiCoder.Cli.Tests;

/// <summary>What goes wrong ends with its own category, code and sentence, and with nothing pushed.</summary>
public sealed class FailureTests
{
    private const string TaskId = "failing";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_token_that_the_git_server_refuses()
    {
        await using var world = await TaskWorld.CreateAsync(git: new GitServerOptions { Authorize = (_, token) => token == "right" });

        var run = await world.RunAsync(world.Request(TaskId, new { credentials = new { username = "oauth2", token = "wrong-token-77" } }));

        await AssertFailedAsync(world, run, "authentication/invalid_token");
        Assert.DoesNotContain("wrong-token-77", run.Output + run.Error, StringComparison.Ordinal);
        Assert.Empty(world.Model.Requests);
    }

    [Fact]
    public async Task A_key_that_the_model_endpoint_refuses()
    {
        await using var world = await TaskWorld.CreateAsync(script: _ => ScriptedReply.Error(401, "Incorrect API key provided"));

        var run = await world.RunAsync(world.Request(TaskId));

        await AssertFailedAsync(world, run, "authentication/invalid_token");
        Assert.Single(world.Model.Requests);
    }

    [Theory]
    [InlineData("http://127.0.0.1:1/shop.git", "network/refused")]
    [InlineData("http://no-such-host.invalid/shop.git", "network/host_not_found")]
    public async Task A_host_that_can_not_be_reached(string url, string code)
    {
        await using var world = await TaskWorld.CreateAsync();

        var run = await world.RunAsync(world.Request(TaskId, new { repo_url = url }));

        await AssertFailedAsync(world, run, code);
    }

    [Fact]
    public async Task A_repository_and_a_branch_that_are_not_there()
    {
        await using var world = await TaskWorld.CreateAsync();

        await AssertFailedAsync(world, await world.RunAsync(world.Request("no-repo", new { repo_url = world.RepositoryUrl + "x" })), "code/repository_not_found");
        await AssertFailedAsync(world, await world.RunAsync(world.Request("no-branch", new { branch = "nowhere" })), "code/branch_not_found");
    }

    [Fact]
    public async Task A_model_that_answers_nonsense()
    {
        await using var world = await TaskWorld.CreateAsync(script: _ => ScriptedReply.Say("Ünsinn 胡说 {{{"));

        var run = await world.RunAsync(world.Request(TaskId));

        await AssertFailedAsync(world, run, "code/plan_invalid");
    }

    [Fact]
    public async Task A_model_that_changes_nothing()
    {
        var script = DemoScript.For(DemoProject.Shell);
        await using var world = await TaskWorld.CreateAsync(script: request => request.Tools.Count == 0
            ? script(request)
            : ScriptedReply.Call("finish", new() { ["summary"] = "Done!" }));

        var run = await world.RunAsync(world.Request(TaskId));

        await AssertFailedAsync(world, run, "code/no_changes");
    }

    [Fact]
    public async Task A_test_that_hangs_is_ended_and_what_was_done_can_be_read()
    {
        await using var world = await TaskWorld.CreateAsync();
        var request = world.Request(TaskId, new
        {
            max_iterations = 1,
            validation = new { commands = new[] { "if grep -q ge price.sh; then sleep 98765; fi" }, timeout_seconds = 5 },
        });

        var run = await world.RunAsync(request);

        await AssertFailedAsync(world, run, "code/validation_failed");
        Assert.Equal("failed", (string?)run.Result["test_results"]!["verdict"]);
        Assert.DoesNotContain(Directory.EnumerateDirectories("/proc"), IsHungTest);
        Assert.Contains("-ge 100", (await world.RunAsync("diff", TaskId)).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fix_that_does_not_pass_the_tests_is_not_pushed()
    {
        await using var world = await TaskWorld.CreateAsync();

        var run = await world.RunAsync(world.Request(TaskId, new { max_iterations = 1, validation = new { commands = new[] { "grep -q 'gt 100' price.sh" } } }));

        await AssertFailedAsync(world, run, "code/validation_failed");
    }

    [Fact]
    public async Task A_disk_that_is_full()
    {
        using var folder = new TemporaryFolder();
        var disk = Directory.CreateDirectory(folder["disk"]).FullName;
        if (await ExitCodeOfAsync("mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", disk) != 0)
            Assert.Skip("A small disk can be mounted as root only.");
        try
        {
            var big = new byte[8 * 1024 * 1024];
            new Random(7).NextBytes(big);
            await using var world = await TaskWorld.CreateAsync();
            await new GitRepositoryBuilder().With("big.bin", big).CreateAsync(Path.Combine(Path.GetDirectoryName(world.BareRepository)!, "big.git"));
            world.Environment["WORKSPACE_DIR"] = disk;
            world.Environment["STATE_DIR"] = Path.Combine(world.Home, "state");

            var run = await world.RunAsync(world.Request(TaskId, new { repo_url = world.Git.UrlOf("big.git") }));

            await AssertFailedAsync(world, run, "system/disk_full");
        }
        finally
        {
            Assert.Equal(0, await ExitCodeOfAsync("umount", disk));
        }
    }

    [Fact]
    public async Task A_sandbox_that_can_not_start_ends_the_task_before_the_first_model_call()
    {
        await using var world = await TaskWorld.CreateAsync();
        // A PATH of its own that has everything but bwrap is no use where bwrap stands in /usr/bin beside the rest.
        var tools = Directory.CreateDirectory(Path.Combine(world.Home, "bin")).FullName;
        foreach (var program in new[] { "git", "sh", "setsid" })
            File.CreateSymbolicLink(Path.Combine(tools, program), "/usr/bin/" + program);
        await File.WriteAllTextAsync(Path.Combine(tools, "bwrap"), "#!/bin/sh\necho 'bwrap: no permission' >&2\nexit 1\n", Cancel);
        File.SetUnixFileMode(Path.Combine(tools, "bwrap"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        world.Environment["PATH"] = tools;

        var run = await world.RunAsync(world.Request(TaskId));

        await AssertFailedAsync(world, run, "system/sandbox_unavailable");
        Assert.Contains("SANDBOX=none", (string?)run.Result["error"]!["message"], StringComparison.Ordinal);
        Assert.Empty(world.Model.Requests);
    }

    [Fact]
    public async Task A_receiver_that_wants_no_events_fails_nobody_and_is_listed()
    {
        await using var world = await TaskWorld.CreateAsync(answer: _ => new WebhookAnswer(410));

        var run = await world.RunAsync(world.Request(TaskId));

        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.NotEmpty(run.Result["undelivered_events"]!.AsArray());
    }

    private static async Task AssertFailedAsync(TaskWorld world, AiCoderRun run, string code)
    {
        Assert.True(run.ExitCode == 1, run.Error + run.Output);
        Assert.Equal("failed", (string?)run.Result["status"]);
        Assert.Equal(code, run.ErrorCode);
        Assert.False((bool?)run.Result["push_result"]!["pushed"]);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
        Assert.Equal("main", await world.GitAsync("for-each-ref", "--format=%(refname:short)"));
    }

    private static bool IsHungTest(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline")).Contains("98765", StringComparison.Ordinal)
                && File.ReadAllText(Path.Combine(process, "comm")).StartsWith("sleep", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            // It is no process, or it ended meanwhile.
            return false;
        }
    }

    private static async Task<int> ExitCodeOfAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        await process.WaitForExitAsync(Cancel);
        return process.ExitCode;
    }
}
