using System.Diagnostics;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;

namespace AiCoder.Core.Tests.Sandbox;

/// <summary>What every sandbox promises, whichever it is.</summary>
public sealed class SandboxBoundsTests
{
    public static TheoryData<SandboxKind> Kinds => [SandboxKind.Bubblewrap, SandboxKind.None];

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_command_runs_in_the_work_tree_and_its_exit_code_comes_back(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);
        Directory.CreateDirectory(Path.Combine(fixture.WorkTree, "sub", "目录"));
        var outcome = await fixture.RunAsync("echo 你好 > made; echo out; echo err >&2; echo out; exit 7", command => command with { Directory = "sub/目录" });

        Assert.Equal((7, CommandEnding.Exited, "out\nerr\nout\n"), (outcome.ExitCode, outcome.Ending, outcome.Output));
        Assert.Equal("你好\n", File.ReadAllText(Path.Combine(fixture.WorkTree, "sub", "目录", "made")));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task The_environment_holds_only_what_the_sandbox_and_the_command_name(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);
        Environment.SetEnvironmentVariable("AICODER_TEST_LEAK", "leaked-value");
        var outcome = await fixture.RunAsync("cat /proc/self/environ | tr '\\0' '\\n'", command => command with { Environment = new Dictionary<string, string> { ["GIVEN"] = "yes" } });

        Assert.Contains("GIVEN=yes\n", outcome.Output, StringComparison.Ordinal);
        Assert.Contains("LANG=C.UTF-8\n", outcome.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("leaked-value", outcome.Output, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task The_home_is_kept_between_commands(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);
        var home = Path.Combine(fixture.Root, "home");
        await fixture.RunAsync("echo kept > ~/file", command => command with { Home = home });
        var outcome = await fixture.RunAsync("cat ~/file", command => command with { Home = home });

        Assert.Equal("kept\n", outcome.Output);
        Assert.Equal("kept\n", File.ReadAllText(Path.Combine(home, "file")));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Secrets_are_redacted_from_output(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);
        var outcome = await fixture.RunAsync($"echo {SandboxFixture.Secret}");

        Assert.Equal("[redacted]\n", outcome.Output);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_hang_is_ended_by_the_bound_on_time_and_leaves_no_process(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);
        var mark = SandboxFixture.Mark();
        var outcome = await fixture.RunAsync($"trap '' TERM; setsid sleep {mark} & sleep {mark}", command => command with { Timeout = TimeSpan.FromSeconds(1) });

        Assert.Equal((null, CommandEnding.TimedOut), (outcome.ExitCode, outcome.Ending));
        Assert.False(SandboxFixture.IsRunning(mark));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_daemon_dies_with_the_command_that_started_it(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);
        var mark = SandboxFixture.Mark();
        var outcome = await fixture.RunAsync($"setsid -f sleep {mark}; (setsid sh -c 'setsid sleep {mark} & exit' &); echo started");

        Assert.Equal((0, "started\n"), (outcome.ExitCode, outcome.Output));
        Assert.False(SandboxFixture.IsRunning(mark));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_fork_bomb_is_ended(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);
        var mark = "bomb" + SandboxFixture.Mark();
        // It doubles, but not without end: a sandbox that fails this test must not take the machine with it.
        await File.WriteAllTextAsync(
            Path.Combine(fixture.WorkTree, "bomb.sh"), "[ $1 -gt 9 ] && exec sleep 600\n$0 $(($1+1)) $2 & $0 $(($1+1)) $2 & wait\n", TestContext.Current.CancellationToken);
        var outcome = await fixture.RunAsync($"sed -i '1i #!/bin/sh' bomb.sh; chmod +x bomb.sh; ./bomb.sh 0 {mark}", command => command with { MaxProcesses = 100 });

        Assert.Equal(CommandEnding.TooManyProcesses, outcome.Ending);
        Assert.False(SandboxFixture.IsRunning(mark));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_memory_hog_is_ended(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);
        var mark = SandboxFixture.Mark();
        var outcome = await fixture.RunAsync(
            $"""python3 -c 'import time; x = [bytearray(50_000_000) for _ in range(12)]; time.sleep({mark})'""",
            command => command with { MemoryBytes = 300L << 20 });

        Assert.Equal(CommandEnding.OutOfMemory, outcome.Ending);
        Assert.False(SandboxFixture.IsRunning(mark));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Endless_output_is_ended_and_bounded(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);
        var shown = 0;
        var outcome = await fixture.RunAsync("yes", command => command with { OutputLimit = 1000, OnOutput = text => shown += text.Length });

        Assert.Equal(CommandEnding.TooMuchOutput, outcome.Ending);
        Assert.InRange(outcome.Output.Length, 1000, 1100);
        Assert.Equal(1000, shown);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Cancelling_leaves_no_process(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);
        var mark = SandboxFixture.Mark();
        using var cancel = new CancellationTokenSource();
        var clock = new Stopwatch();
        var run = fixture.Sandbox.RunAsync(
            fixture.Shell($"setsid sleep {mark} & echo up; sleep {mark}") with
            {
                OnOutput = _ =>
                {
                    clock.Start();
                    cancel.Cancel();
                },
            },
            cancel.Token);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(10));
        Assert.False(SandboxFixture.IsRunning(mark));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task The_kernel_ends_the_command_first_where_memory_runs_out(SandboxKind kind)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/choom"), "this machine has no choom");
        using var fixture = new SandboxFixture(kind);

        Assert.Equal("1000\n", (await fixture.RunAsync("cat /proc/self/oom_score_adj")).Output);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task Standard_input_is_empty(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);

        Assert.Equal("end\n", (await fixture.RunAsync("cat; echo end")).Output);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_missing_program_ends_with_127(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);
        var outcome = await fixture.RunAsync("", command => command with { Arguments = ["no-such-program"] });

        Assert.Equal(127, outcome.ExitCode);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_folder_outside_the_repository_is_refused(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);

        await Assert.ThrowsAsync<FailureException>(() => fixture.RunAsync("true", command => command with { Directory = "../.." }));
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task The_probe_passes_where_commands_run(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);

        await fixture.Sandbox.ProbeAsync(TestContext.Current.CancellationToken);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task A_process_whose_first_thread_has_ended_is_bounded_and_killed_like_others(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);
        await File.WriteAllTextAsync(
            Path.Combine(fixture.WorkTree, "hidden.py"),
            """
            import ctypes, threading, time
            def grow():
                time.sleep(0.5)
                memory = bytearray(400 << 20)
                for page in range(0, len(memory), 4096):
                    memory[page] = 1
                time.sleep(30)
            threading.Thread(target=grow).start()
            ctypes.CDLL(None).pthread_exit(None)
            """,
            TestContext.Current.CancellationToken);

        var outcome = await fixture.RunAsync("python3 --version || exit 3; python3 hidden.py hidden-mark-5121; true", command => command with { MemoryBytes = 200 << 20 });

        Assert.SkipWhen(outcome.ExitCode == 3, "There is no python3.");
        Assert.Equal(CommandEnding.OutOfMemory, outcome.Ending);
    }

    [Theory, MemberData(nameof(Kinds))]
    public async Task What_is_held_does_nothing_until_it_is_let_go(SandboxKind kind)
    {
        using var fixture = new SandboxFixture(kind);
        var (file, hold) = (Path.Combine(fixture.WorkTree, "file"), new ProcessHold(TimeProvider.System));
        var running = fixture.RunAsync("(setsid sh -c 'while :; do echo x >> file; done' &) ; while [ ! -e end ]; do sleep 0.05; done", command => command with { Hold = hold });
        await UntilAsync(() => File.Exists(file) && new FileInfo(file).Length > 0);

        var (before, after) = await hold.WhileStillAsync(
            async () =>
            {
                var length = new FileInfo(file).Length;
                await Task.Delay(200, TestContext.Current.CancellationToken);
                return (length, new FileInfo(file).Length);
            },
            TestContext.Current.CancellationToken);

        Assert.Equal(before, after);
        await UntilAsync(() => new FileInfo(file).Length > after);
        await File.WriteAllTextAsync(Path.Combine(fixture.WorkTree, "end"), "", TestContext.Current.CancellationToken);
        Assert.Equal(CommandEnding.Exited, (await running).Ending);
    }

    [Fact]
    public async Task What_wakes_itself_while_it_is_held_is_found_out()
    {
        using var fixture = new SandboxFixture(SandboxKind.None);
        var (file, hold) = (Path.Combine(fixture.WorkTree, "pid"), new ProcessHold(TimeProvider.System));
        var running = fixture.RunAsync("echo $$ > pid.new; mv pid.new pid; while [ ! -e end ]; do sleep 0.05; done", command => command with { Hold = hold });
        await UntilAsync(() => File.Exists(file));

        var failure = await Assert.ThrowsAsync<FailureException>(() => hold.WhileStillAsync(
            async () =>
            {
                using var kill = Process.Start("kill", ["-CONT", File.ReadAllText(file).Trim()]);
                await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
                await Task.Delay(200, TestContext.Current.CancellationToken);
                return true;
            },
            TestContext.Current.CancellationToken));

        Assert.Equal(FailureCodes.SandboxUnavailable, failure.Failure.Code);
        await File.WriteAllTextAsync(Path.Combine(fixture.WorkTree, "end"), "", TestContext.Current.CancellationToken);
        await running;
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(20, TestContext.Current.CancellationToken);
    }
}
