using AiCoder.Core.Failures;
using AiCoder.Core.Sandbox;
using Xunit;

namespace AiCoder.Testing.Sandboxes;

/// <summary>What every sandbox promises, whichever it is.</summary>
public abstract class SandboxContract
{
    /// <summary>A work tree and the sandbox to be looked at, whose redactor knows <see cref="SandboxGround.Secret"/>.</summary>
    protected abstract Task<SandboxGround> GroundAsync();

    [Fact]
    public async Task A_command_runs_in_the_work_tree_and_its_exit_code_comes_back()
    {
        await using var fixture = await GroundAsync();
        Directory.CreateDirectory(Path.Combine(fixture.WorkTree, "sub", "目录"));
        var outcome = await fixture.RunAsync("echo 你好 > made; echo out; echo err >&2; echo out; exit 7", command => command with { Directory = "sub/目录" });

        Assert.Equal((7, CommandEnding.Exited, "out\nerr\nout\n"), (outcome.ExitCode, outcome.Ending, outcome.Output));
        Assert.Equal("你好\n", File.ReadAllText(Path.Combine(fixture.WorkTree, "sub", "目录", "made")));
    }

    [Fact]
    public async Task The_environment_holds_only_what_the_sandbox_and_the_command_name()
    {
        await using var fixture = await GroundAsync();
        Environment.SetEnvironmentVariable("AICODER_TEST_LEAK", "leaked-value");
        var outcome = await fixture.RunAsync("cat /proc/self/environ | tr '\\0' '\\n'", command => command with { Environment = new Dictionary<string, string> { ["GIVEN"] = "yes" } });

        Assert.Contains("GIVEN=yes\n", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("LANG=C.UTF-8\n", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("leaked-value", outcome.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_home_is_kept_between_commands()
    {
        await using var fixture = await GroundAsync();
        var home = fixture.Home;
        await fixture.RunAsync("echo kept > ~/file", command => command with { Home = home });
        var outcome = await fixture.RunAsync("cat ~/file", command => command with { Home = home });

        Assert.Equal("kept\n", outcome.Output);
        Assert.Equal("kept\n", File.ReadAllText(Path.Combine(home, "file")));
    }

    [Fact]
    public async Task Secrets_are_redacted_from_output()
    {
        await using var fixture = await GroundAsync();
        var outcome = await fixture.RunAsync($"echo {SandboxGround.Secret}");

        Assert.Equal("[redacted]\n", outcome.Output);
    }

    [Fact]
    public async Task A_hang_is_ended_by_the_bound_on_time_and_leaves_no_process()
    {
        await using var fixture = await GroundAsync();
        var mark = SandboxGround.Mark();
        var outcome = await fixture.RunAsync($"trap '' TERM; setsid sleep {mark} & sleep {mark}", command => command with { Timeout = TimeSpan.FromSeconds(1) });

        Assert.Equal((null, CommandEnding.TimedOut), (outcome.ExitCode, outcome.Ending));
        Assert.False(SandboxGround.IsRunning(mark));
    }

    [Fact]
    public async Task A_daemon_dies_with_the_command_that_started_it()
    {
        await using var fixture = await GroundAsync();
        var mark = SandboxGround.Mark();
        var outcome = await fixture.RunAsync($"setsid -f sleep {mark}; (setsid sh -c 'setsid sleep {mark} & exit' &); echo started");

        Assert.Equal((0, "started\n"), (outcome.ExitCode, outcome.Output));
        Assert.False(SandboxGround.IsRunning(mark));
    }

    [Fact]
    public async Task A_fork_bomb_is_ended()
    {
        await using var fixture = await GroundAsync();
        var mark = "bomb" + SandboxGround.Mark();
        // It doubles, but not without end: a sandbox that fails this test must not take the machine with it.
        await File.WriteAllTextAsync(
            Path.Combine(fixture.WorkTree, "bomb.sh"), "[ $1 -gt 9 ] && exec sleep 600\n$0 $(($1+1)) $2 & $0 $(($1+1)) $2 & wait\n", TestContext.Current.CancellationToken);
        var outcome = await fixture.RunAsync($"sed -i '1i #!/bin/sh' bomb.sh; chmod +x bomb.sh; ./bomb.sh 0 {mark}", command => command with { MaxProcesses = 100 });

        Assert.Equal(CommandEnding.TooManyProcesses, outcome.Ending);
        Assert.False(SandboxGround.IsRunning(mark));
    }

    [Fact]
    public async Task Endless_output_is_ended_and_bounded()
    {
        await using var fixture = await GroundAsync();
        var shown = 0;
        var outcome = await fixture.RunAsync("yes", command => command with { OutputLimit = 1000, OnOutput = text => shown += text.Length });

        Assert.Equal(CommandEnding.TooMuchOutput, outcome.Ending);
        Assert.InRange(outcome.Output.Length, 1000, 1100);
        Assert.Equal(1000, shown);
    }

    [Fact]
    public async Task Cancelling_leaves_no_process()
    {
        await using var fixture = await GroundAsync();
        var mark = SandboxGround.Mark();
        using var cancel = new CancellationTokenSource();
        var run = fixture.Sandbox.RunAsync(
            fixture.Shell($"setsid sleep {mark} & echo up; sleep {mark}") with
            {
                OnOutput = _ => cancel.Cancel(),
            },
            cancel.Token);

        // Before the command's own bound on time, a minute, is reached.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.False(SandboxGround.IsRunning(mark));
    }

    [Fact]
    public async Task The_kernel_ends_the_command_first_where_memory_runs_out()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/choom"), "this machine has no choom");
        await using var fixture = await GroundAsync();

        Assert.Equal("1000\n", (await fixture.RunAsync("cat /proc/self/oom_score_adj")).Output);
    }

    [Fact]
    public async Task Standard_input_is_empty()
    {
        await using var fixture = await GroundAsync();

        Assert.Equal("end\n", (await fixture.RunAsync("cat; echo end")).Output);
    }

    [Fact]
    public async Task A_missing_program_ends_with_127()
    {
        await using var fixture = await GroundAsync();
        var outcome = await fixture.RunAsync("", command => command with { Arguments = ["no-such-program"] });

        Assert.Equal(127, outcome.ExitCode);
    }

    [Fact]
    public async Task A_folder_outside_the_repository_is_refused()
    {
        await using var fixture = await GroundAsync();

        await Assert.ThrowsAsync<FailureException>(() => fixture.RunAsync("true", command => command with { Directory = "../.." }));
    }

    [Fact]
    public async Task The_probe_passes_where_commands_run()
    {
        await using var fixture = await GroundAsync();

        await fixture.Sandbox.ProbeAsync(TestContext.Current.CancellationToken);
    }
}
