using AiCoder.Kubernetes.Tests.Api;

namespace AiCoder.Kubernetes.Tests.Runs;

/// <summary>The log of a run over connections that end for reasons of their own.</summary>
public sealed class LogTests
{
    [Fact]
    public async Task A_connection_that_breaks_anywhere_loses_and_repeats_nothing()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = async pod =>
        {
            // In a time, after a time, in a line, at a line's end: each line is 31 bytes of time, 5 of number and its end.
            pod.Log.BreakAfter(12, 31, 33, 37, 64, 70, 200, 1);
            pod.Start();
            for (var line = 0; line < 200; line++)
            {
                pod.Log.WriteLine($"{line:00000}");
                if (line % 20 == 0)
                    await Task.Delay(10);
            }

            await RunWorld.UntilAsync(() => pod.Log.Connections > 8);
            pod.End(0);
        };

        Assert.Equal(0, (await world.RunAsync()).ExitCode);

        Assert.Equal(string.Concat(Enumerable.Range(0, 200).Select(line => $"{line:00000}\n")), world.OutputText);
        var pod = await world.Server.PodAsync;
        Assert.Null(pod.Log.Since[0]);
        Assert.NotNull(pod.Log.Since[^1]);
    }

    [Fact]
    public async Task A_rotated_log_ends_the_stream_and_not_the_run()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = async pod =>
        {
            pod.Start();
            for (var file = 0; file < 3; file++)
            {
                pod.Log.WriteLine($"file {file}");
                await RunWorld.UntilAsync(() => world.OutputText.Contains($"file {file}", StringComparison.Ordinal));
                pod.Log.Rotate();
            }

            pod.Log.WriteLine("last");
            pod.End(0);
        };

        Assert.Equal(0, (await world.RunAsync()).ExitCode);
        Assert.Equal("file 0\nfile 1\nfile 2\nlast\n", world.OutputText);
    }

    [Fact]
    public async Task Lines_whose_times_are_the_same_or_out_of_order_come_once_each()
    {
        var time = DateTimeOffset.UtcNow;
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = async pod =>
        {
            pod.Log.BreakAfter(31 + 2 + 31 + 2 + 31 + 1, 120);
            pod.Start();
            pod.Log.Write("a\n"u8.ToArray(), time);
            pod.Log.Write("b\n"u8.ToArray(), time);
            pod.Log.Write("c\n"u8.ToArray(), time.AddMilliseconds(-3));
            pod.Log.Write("d\n"u8.ToArray(), time);
            await RunWorld.UntilAsync(() => pod.Log.Connections > 2);
            pod.End(0);
        };

        await world.RunAsync();

        Assert.Equal("a\nb\nc\nd\n", world.OutputText);
    }

    [Fact]
    public async Task What_is_written_after_the_last_stream_ended_is_read_at_the_end()
    {
        await using var world = await RunWorld.CreateAsync();
        var refuses = 0;
        world.Server.Fault = request => request.Path.Contains("follow=true", StringComparison.Ordinal) && Volatile.Read(ref refuses) == 1
            ? ApiServer.Status(500, "InternalError", "dial tcp 10.0.0.4:10250: i/o timeout")
            : null;
        world.Server.Play = async pod =>
        {
            pod.Start();
            pod.Log.WriteLine("seen");
            await RunWorld.UntilAsync(() => world.OutputText.Length > 0);
            Volatile.Write(ref refuses, 1);
            pod.Log.Rotate();
            await RunWorld.UntilAsync(() => world.Said.Contains("10250", StringComparison.Ordinal));
            pod.Log.WriteLine("not followed");
            pod.End(0);
        };

        Assert.Equal(0, (await world.RunAsync()).ExitCode);
        Assert.Equal("seen\nnot followed\n", world.OutputText);
    }

    [Fact]
    public async Task A_silent_container_s_stream_is_opened_anew()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = async pod =>
        {
            pod.Start();
            await RunWorld.UntilAsync(() => pod.Log.Connections > 2);
            pod.Log.WriteLine("at last");
            pod.End(0);
        };

        Assert.Equal(0, (await world.RunAsync(bounds: RunWorld.Quick with { LogSilence = TimeSpan.FromMilliseconds(200) })).ExitCode);
        Assert.Equal("at last\n", world.OutputText);
    }

    [Fact]
    public async Task A_stream_that_hangs_after_the_container_s_end_holds_up_nothing()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = pod =>
        {
            pod.Start();
            pod.Log.WriteLine("done");
            // The node is gone with the connection half open: the status comes, the stream's end never.
            pod.Change(() => pod.Pod.Status.ContainerStatuses[0].State = new() { Terminated = new() { ExitCode = 4, Reason = "Error" } });
            return Task.CompletedTask;
        };

        Assert.Equal(4, (await world.RunAsync(bounds: RunWorld.Quick with { LogEnd = TimeSpan.FromMilliseconds(500) })).ExitCode);
        Assert.Equal("done\n", world.OutputText);
    }

    [Fact]
    public async Task The_node_s_own_words_are_no_output_of_the_container()
    {
        await using var world = await RunWorld.CreateAsync();
        world.Server.Play = pod =>
        {
            pod.Log.Notice = "failed to watch file \"/var/log/pods/0.log\": no space left on device";
            return RunWorld.Prints("done")(pod);
        };

        await world.RunAsync();

        Assert.Equal("done\n", world.OutputText);
        Assert.Contains("failed to watch file", world.Said, StringComparison.Ordinal);
    }
}
