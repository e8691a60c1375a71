using System.Diagnostics;
using System.Runtime.InteropServices;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;

namespace AiCoder.Core.Tests.Sandbox;

/// <summary>Processes that are held still while we look at what they write, and those that would rather not be seen.</summary>
public sealed class ProcessHoldTests
{
    [Theory]
    [InlineData(SandboxKind.Bubblewrap)]
    [InlineData(SandboxKind.None)]
    public async Task A_process_whose_first_thread_has_ended_is_bounded_and_killed_like_others(SandboxKind kind)
    {
        await using var fixture = new SandboxFixture(kind);
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

    [Theory]
    [InlineData(SandboxKind.Bubblewrap)]
    [InlineData(SandboxKind.None)]
    public async Task What_is_held_does_nothing_until_it_is_let_go(SandboxKind kind)
    {
        await using var fixture = new SandboxFixture(kind);
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
    public async Task Who_waits_for_a_new_process_to_become_its_program_is_held_all_the_same()
    {
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "The number of the system call is that of x64.");
        await using var fixture = new SandboxFixture(SandboxKind.None);
        // clone(CLONE_VFORK | SIGCHLD): as posix_spawn(3) and shells do, but the new process takes its time.
        await File.WriteAllTextAsync(
            Path.Combine(fixture.WorkTree, "start.py"),
            """
            import ctypes, os, time
            if ctypes.CDLL(None).syscall(56, 0x4000 | 17, 0, 0, 0, 0) == 0:
                open("started", "w").close()
                time.sleep(2)
                os.execvp("sleep", ["sleep", "100"])
            """,
            TestContext.Current.CancellationToken);
        var hold = new ProcessHold(TimeProvider.System);
        var running = fixture.RunAsync("python3 --version || exit 3; python3 start.py; while [ ! -e end ]; do sleep 0.05; done", command => command with { Hold = hold });
        await UntilAsync(() => running.IsCompleted || File.Exists(Path.Combine(fixture.WorkTree, "started")));
        Assert.SkipWhen(running.IsCompleted && (await running).ExitCode == 3, "There is no python3.");

        Assert.True(await hold.WhileStillAsync(() => Task.FromResult(true), TestContext.Current.CancellationToken));

        await File.WriteAllTextAsync(Path.Combine(fixture.WorkTree, "end"), "", TestContext.Current.CancellationToken);
        Assert.Equal(CommandEnding.Exited, (await running).Ending);
    }

    [Fact]
    public async Task What_wakes_itself_while_it_is_held_is_found_out()
    {
        await using var fixture = new SandboxFixture(SandboxKind.None);
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

    [Fact]
    public async Task What_can_t_be_let_go_is_no_look_that_went_well_and_hides_no_other_failure()
    {
        var hold = new ProcessHold(TimeProvider.System);
        hold.Follow(new Unreachable());

        var after = await Assert.ThrowsAsync<FailureException>(() => hold.WhileStillAsync(() => Task.FromResult(true), TestContext.Current.CancellationToken));
        var within = await Assert.ThrowsAsync<IOException>(() => hold.WhileStillAsync<bool>(() => throw new IOException("of the work"), TestContext.Current.CancellationToken));

        Assert.Equal((FailureCodes.Reset, "of the work"), (after.Failure.Code, within.Message));
    }

    private static async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(20, TestContext.Current.CancellationToken);
    }

    /// <summary>Stands still, and then nobody gets there any more.</summary>
    private sealed class Unreachable : IStoppable
    {
        public Task<IReadOnlyDictionary<int, long>?> HaltAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyDictionary<int, long>?>(new Dictionary<int, long> { [1] = 1 });

        public Task ContinueAsync() => Task.FromException(new FailureException(FailureCodes.Reset, "gone"));
    }
}
