using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using AiCoder.Core.Failures;

namespace AiCoder.Core.Processes;

/// <summary>
/// The one way in which AiCoder starts programs: argument lists, an environment that is given whole, bounded output, bounds on time
/// and silence, and a process tree of which nothing survives the call.
/// </summary>
public sealed class ProcessRunner(TimeProvider time)
{
    private static readonly TimeSpan DrainTime = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan DeathPoll = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan DeathBound = TimeSpan.FromSeconds(10);

    // util-linux (essential on Debian) or busybox.
    private static readonly string? SetSid = new[] { "/usr/bin/setsid", "/bin/setsid" }.FirstOrDefault(File.Exists);

    /// <summary>Runs a program to its end or its bound, then kills whatever it left behind and waits until that is gone.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>: there is no such program.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the whole tree is gone.</exception>
    public async Task<ProcessOutcome> RunAsync(ProcessSpec spec, CancellationToken cancellationToken)
    {
        var output = new BoundedOutput(spec.OutputLimit);
        return await RunAsync(
            spec,
            spec.StandardInput is null ? default : Encoding.UTF8.GetBytes(spec.StandardInput),
            new TextSink(spec, output),
            () => output.ToString(),
            cancellationToken).ConfigureAwait(false);
    }

    /// <summary>
    /// The same with bytes: <paramref name="input"/> is fed to standard input, standard output is copied to
    /// <paramref name="output"/> as it is, and <see cref="ProcessOutcome.StandardOutput"/> stays empty.
    /// </summary>
    /// <exception cref="FailureException"><c>system/configuration</c>: there is no such program.</exception>
    /// <exception cref="OperationCanceledException">Cancelled; the whole tree is gone.</exception>
    public Task<ProcessOutcome> RunRawAsync(
        ProcessSpec spec, ReadOnlyMemory<byte> input, Stream output, CancellationToken cancellationToken) =>
        RunAsync(spec, input, new StreamSink(output), () => "", cancellationToken);

    private async Task<ProcessOutcome> RunAsync(
        ProcessSpec spec, ReadOnlyMemory<byte> input, IOutputSink outputSink, Func<string> outputText, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var began = time.GetTimestamp();
        using var process = new Process { StartInfo = StartInfo(spec) };
        var tree = await StartAsync(process, spec).ConfigureAwait(false);
        spec.Hold?.Follow(tree);

        var error = new BoundedOutput(spec.OutputLimit);
        var errorSink = spec.MergeOutput ? outputSink : new TextSink(spec, error);
        using var drain = new CancellationTokenSource();
        using var bounds = new RunBounds(spec, tree, time, cancellationToken);
        var feeding = FeedAsync(process.StandardInput.BaseStream, input, drain.Token);
        var reading = Task.WhenAll(
            ReadAsync(process.StandardOutput.BaseStream, outputSink, bounds, drain.Token),
            ReadAsync(process.StandardError.BaseStream, errorSink, bounds, drain.Token));
        try
        {
            await WaitForEndAsync(process, reading, bounds).ConfigureAwait(false);
        }
        finally
        {
            await KillAsync(tree).ConfigureAwait(false);
            drain.CancelAfter(DrainTime);
            await Task.WhenAll(reading, feeding).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await process.WaitForExitAsync(drain.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            tree.Release();
        }

        cancellationToken.ThrowIfCancellationRequested();
        await reading.ConfigureAwait(false);
        return new(
            bounds.Ending == ProcessEnding.Exited ? process.ExitCode : null,
            outputText(),
            error.ToString(),
            time.GetElapsedTime(began),
            bounds.Ending);
    }

    private static async Task WaitForEndAsync(Process process, Task reading, RunBounds bounds)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(bounds.Token);
        var exit = process.WaitForExitAsync(ended.Token);
        // An output that nobody could take any more (a full disk below the raw variant) ends the process too.
        if (await Task.WhenAny(exit, FaultOf(reading)).ConfigureAwait(false) != exit)
            await ended.CancelAsync().ConfigureAwait(false);
        await exit.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        bounds.Stop(exit.IsCompletedSuccessfully);
    }

    private static async Task FaultOf(Task reading)
    {
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (!reading.IsFaulted)
            await Task.Delay(Timeout.Infinite, CancellationToken.None).ConfigureAwait(false);
    }

    private async Task KillAsync(ProcessTree tree)
    {
        var began = time.GetTimestamp();
        // What is in an uninterruptible wait (a dead network mount) cannot be waited for without end.
        while (!tree.Kill() && time.GetElapsedTime(began) < DeathBound)
            await Task.Delay(DeathPoll, time, CancellationToken.None).ConfigureAwait(false);
    }

    private static async Task FeedAsync(Stream stream, ReadOnlyMemory<byte> input, CancellationToken cancellationToken)
    {
        await using (stream.ConfigureAwait(false))
        {
            try
            {
                if (input.Length > 0)
                    await stream.WriteAsync(input, cancellationToken).ConfigureAwait(false);
            }
            catch (IOException)
            {
                // It ended, or closed its input, without reading all of it; its exit code says whether that matters.
            }
        }
    }

    private static async Task ReadAsync(Stream stream, IOutputSink sink, RunBounds bounds, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        var decoder = new Utf8Chunks();
        try
        {
            int count;
            while ((count = await stream.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0)
            {
                bounds.SawOutput(count);
                await sink.WriteAsync(buffer.AsMemory(0, count), decoder, cancellationToken).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // Someone outside the tree still holds the pipe; what came until now is what there is.
        }

        await sink.EndAsync(decoder).ConfigureAwait(false);
    }

    private static async Task<ProcessTree> StartAsync(Process process, ProcessSpec spec)
    {
        try
        {
            return await ProcessStarter.StartAsync(process, spec.MarkTree).ConfigureAwait(false);
        }
        catch (Win32Exception exception)
        {
            throw new FailureException(
                FailureCodes.Configuration,
                $"The program '{spec.FileName}' could not be started in '{spec.WorkingDirectory ?? "/"}': {exception.Message}.",
                exception);
        }
    }

    private static ProcessStartInfo StartInfo(ProcessSpec spec)
    {
        var program = ProgramPath.Find(spec.FileName, spec.Environment) ?? throw new FailureException(
            FailureCodes.Configuration,
            $"The program '{spec.FileName}' was not found. Install it, or put its folder on PATH.");
        var info = new ProcessStartInfo
        {
            FileName = SetSid ?? program,
            WorkingDirectory = spec.WorkingDirectory ?? "/",
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (SetSid is not null)
            info.ArgumentList.Add(program);
        foreach (var argument in spec.Arguments)
            info.ArgumentList.Add(argument);
        info.Environment.Clear();
        foreach (var (name, value) in spec.Environment)
            info.Environment[name] = value;
        return info;
    }
}
