using System.Text;
using AiCoder.Core.Failures;
using AiCoder.Core.Processes;

namespace AiCoder.Core.Tests.Processes;

public sealed class ProcessRunnerTests
{
    private static readonly Dictionary<string, string> Path = new() { ["PATH"] = "/usr/bin:/bin" };
    private readonly ProcessRunner _runner = new(TimeProvider.System);

    [Fact]
    public async Task Arguments_reach_the_program_as_they_are()
    {
        var outcome = await RunAsync("printf", ["%s|", "a b", "$HOME", "*", "", "中文", "-n"]);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal("a b|$HOME|*||中文|-n|", outcome.StandardOutput);
    }

    [Fact]
    public async Task The_environment_is_the_given_one_and_nothing_else()
    {
        var outcome = await RunAsync("/usr/bin/env", [], spec => spec with { Environment = new Dictionary<string, string> { ["ONE"] = "1" } });

        Assert.Equal("ONE=1\n", outcome.StandardOutput);
    }

    [Fact]
    public async Task Standard_input_is_fed_and_closed()
    {
        Assert.Equal("你好", (await RunAsync("cat", [], spec => spec with { StandardInput = "你好" })).StandardOutput);
        Assert.Equal("", (await RunAsync("cat", [])).StandardOutput);
    }

    [Fact]
    public async Task Input_that_nobody_reads_is_no_error()
    {
        var outcome = await RunAsync("true", [], spec => spec with { StandardInput = new string('x', 1_000_000) });

        Assert.Equal(0, outcome.ExitCode);
    }

    [Fact]
    public async Task Exit_codes_and_both_streams_come_back()
    {
        var outcome = await ShellAsync("echo out; echo err >&2; exit 3");

        Assert.Equal((3, "out\n", "err\n", ProcessEnding.Exited), (outcome.ExitCode, outcome.StandardOutput, outcome.StandardError, outcome.Ending));
    }

    [Fact]
    public async Task A_missing_program_is_a_configuration_failure()
    {
        var failure = await Assert.ThrowsAsync<FailureException>(() => RunAsync("no-such-program-here", []));

        Assert.Equal(FailureCodes.Configuration, failure.Failure.Code);
        Assert.Contains("no-such-program-here", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Output_keeps_head_and_tail_and_cuts_no_character_in_two()
    {
        var outcome = await ShellAsync("i=0; while [ $i -lt 2000 ]; do printf '😀你'; i=$((i+1)); done; printf END", spec => spec with { OutputLimit = 100 });

        Assert.StartsWith("😀你", outcome.StandardOutput, StringComparison.Ordinal);
        Assert.EndsWith("😀你END", outcome.StandardOutput, StringComparison.Ordinal);
        Assert.Contains("characters left out", outcome.StandardOutput, StringComparison.Ordinal);
        Assert.DoesNotContain('\uFFFD', outcome.StandardOutput);
        Assert.True(outcome.StandardOutput.Length < 160);
        // Throws on a lone surrogate.
        _ = new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(outcome.StandardOutput);
    }

    [Fact]
    public async Task The_bound_on_time_ends_the_whole_tree()
    {
        var mark = Mark();
        var outcome = await ShellAsync($"sleep {mark} & sleep {mark} | sleep {mark}; echo never", spec => spec with { Timeout = TimeSpan.FromSeconds(1) });

        Assert.Equal((null, ProcessEnding.TimedOut), (outcome.ExitCode, outcome.Ending));
        Assert.DoesNotContain("never", outcome.StandardOutput, StringComparison.Ordinal);
        AssertGone(mark);
    }

    [Fact]
    public async Task The_bound_on_silence_ends_it()
    {
        var outcome = await ShellAsync("echo a; sleep 0.3; echo b; sleep 300", spec => spec with { IdleTimeout = TimeSpan.FromSeconds(5) });

        Assert.Equal((ProcessEnding.IdleTimedOut, "a\nb\n"), (outcome.Ending, outcome.StandardOutput));
    }

    [Fact]
    public async Task Endless_output_is_ended()
    {
        var outcome = await RunAsync("yes", [], spec => spec with { TotalOutputLimit = 1_000_000, OutputLimit = 100 });

        Assert.Equal(ProcessEnding.TooMuchOutput, outcome.Ending);
    }

    [Theory]
    [InlineData("sleep {0} & echo done")]
    [InlineData("setsid sleep {0} & echo done; sleep 0.2")]
    [InlineData("setsid -f sh -c 'exec sleep {0}' > /dev/null 2>&1; echo done")]
    [InlineData("(setsid sh -c 'setsid -f sleep {0}; exit' &) ; echo done; sleep 0.2")]
    [InlineData("nohup env -i sh -c '/usr/bin/sleep {0} & exit' & echo done; sleep 0.2")]
    public async Task Nothing_that_a_command_leaves_behind_outlives_it(string line)
    {
        var mark = Mark();
        var outcome = await ShellAsync(line.Replace("{0}", mark, StringComparison.Ordinal), spec => spec with { MarkTree = true });

        Assert.Equal((0, ProcessEnding.Exited), (outcome.ExitCode, outcome.Ending));
        Assert.Contains("done", outcome.StandardOutput, StringComparison.Ordinal);
        AssertGone(mark);
    }

    [Fact]
    public async Task A_marked_command_takes_its_daemons_with_it_while_others_run()
    {
        var mark = Mark();
        using var over = new CancellationTokenSource();
        var up = new TaskCompletionSource();
        var other = _runner.RunAsync(Spec("/bin/sh", ["-c", "echo up; sleep 3600"]) with { OnOutput = _ => up.TrySetResult() }, over.Token);
        await up.Task.WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
        await ShellAsync($"setsid -f sleep {mark}; (setsid sh -c 'setsid sleep {mark} & exit' &); sleep 0.2", spec => spec with { MarkTree = true });

        AssertGone(mark);
        Assert.False(other.IsCompleted);
        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => other);
    }

    [Fact]
    public async Task Cancelling_kills_the_tree_before_it_returns()
    {
        var mark = Mark();
        using var cancel = new CancellationTokenSource();
        var run = _runner.RunAsync(
            Spec("/bin/sh", ["-c", $"trap '' TERM INT HUP; echo up; setsid sleep {mark} & sleep {mark}"]) with { OnOutput = _ => cancel.Cancel() },
            cancel.Token);

        // Before the command's own bound on time, a minute, is reached.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        AssertGone(mark);
    }

    [Fact]
    public async Task Bytes_pass_the_raw_variant_unchanged()
    {
        var bytes = Enumerable.Range(0, 300_000).Select(i => (byte)(i * 31)).ToArray();
        using var copy = new MemoryStream();
        var outcome = await _runner.RunRawAsync(Spec("cat", []), bytes, copy, TestContext.Current.CancellationToken);

        Assert.Equal(0, outcome.ExitCode);
        Assert.Equal(bytes, copy.ToArray());
    }

    [Fact]
    public async Task A_process_tree_that_takes_too_much_memory_is_ended()
    {
        var outcome = await RunAsync(
            "python3", ["-c", "import time; x = bytearray(400_000_000); time.sleep(300)"],
            spec => spec with
            {
                TreeLimits = new(200_000_000, 100),
                Environment = new Dictionary<string, string> { ["PATH"] = Environment.GetEnvironmentVariable("PATH")!, ["HOME"] = "/tmp" },
            });

        Assert.Equal(ProcessEnding.OutOfMemory, outcome.Ending);
    }

    [Fact]
    public async Task A_process_tree_that_grows_too_wide_is_ended()
    {
        var mark = Mark();
        var outcome = await ShellAsync($"for i in $(seq 60); do sleep {mark} & done; wait", spec => spec with { TreeLimits = new(1L << 32, 40) });

        Assert.Equal(ProcessEnding.TooManyProcesses, outcome.Ending);
        AssertGone(mark);
    }

    [Fact]
    public async Task Many_processes_run_side_by_side()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 40).Select(i => ShellAsync($"echo {i}; exit {i}")));

        Assert.Equal(Enumerable.Range(0, 40).Select(i => (i, $"{i}\n")), outcomes.Select(outcome => (outcome.ExitCode!.Value, outcome.StandardOutput)));
    }

    private static ProcessSpec Spec(string program, string[] arguments) =>
        new() { FileName = program, Arguments = arguments, Environment = Path, Timeout = TimeSpan.FromSeconds(60) };

    private Task<ProcessOutcome> ShellAsync(string line, Func<ProcessSpec, ProcessSpec>? with = null) => RunAsync("/bin/sh", ["-c", line], with);

    private Task<ProcessOutcome> RunAsync(string program, string[] arguments, Func<ProcessSpec, ProcessSpec>? with = null)
    {
        var spec = Spec(program, arguments);
        return _runner.RunAsync(with is null ? spec : with(spec), TestContext.Current.CancellationToken);
    }

    /// <summary>A number of seconds that no other process of the machine sleeps for.</summary>
    private static string Mark() => "3600." + Random.Shared.NextInt64(1_000_000_000, 9_999_999_999);

    private static void AssertGone(string mark) => Assert.False(IsRunning(mark));

    private static bool IsRunning(string mark) =>
        Directory.EnumerateDirectories("/proc")
            .Select(directory => System.IO.Path.Combine(directory, "cmdline"))
            .Where(File.Exists)
            .Select(Read)
            .Any(line => line.Contains(mark, StringComparison.Ordinal));

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return "";
        }
    }
}
