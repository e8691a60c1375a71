using System.Text;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Kubernetes.Clusters;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>
/// SANDBOX=kubernetes: commands run in pods of the task's own, so that the service needs neither toolchains nor privileges. A pod is
/// made on the first command and kept for the next ones; what a command started is gone before it is answered for.
/// </summary>
public sealed class KubernetesSandbox : ISandbox, IDisposable
{
    // A pod that ended between two commands is made anew; a second time in a row it is no chance.
    private const int MostStarts = 2;

    private const int LongestWord = 1000;

    // About 150 bytes for each thread.
    private const int LongestLook = 4 << 20;

    private readonly ProcessRunner _runner;
    private readonly SecretRedactor _redactor;
    private readonly SandboxBounds _bounds;
    private readonly TimeProvider _time;
    private readonly SandboxImages _images;
    private readonly SandboxPods _pods;
    private readonly SandboxProbe _probe;
    private readonly PodExec _exec;
    private readonly ClaimPaths _paths;
    private readonly Cluster _cluster;
    private long _probed;

    internal KubernetesSandbox(AiCoderOptions options, Cluster cluster, ProcessRunner runner, SecretRedactor redactor, SandboxBounds bounds, TimeProvider time)
    {
        var sandbox = options.KubernetesSandbox
            ?? throw new FailureException(FailureCodes.Configuration, "SANDBOX=kubernetes needs SANDBOX_VOLUME_CLAIM.");
        (_cluster, _runner, _redactor, _bounds, _time) = (cluster, runner, redactor, bounds, time);
        var calls = new ClusterCalls(bounds.Cluster, _ => { }, time);
        _paths = new(options.WorkspaceDir, sandbox);
        _images = new(sandbox);
        _pods = new(cluster, calls, _paths, sandbox, bounds, time);
        _probe = new(cluster, calls, options, sandbox);
        _exec = new(cluster, bounds, time);
    }

    /// <summary>Makes it. Sends nothing yet.</summary>
    /// <param name="options">The operator's.</param>
    /// <param name="runner">Starts programs beside the service.</param>
    /// <param name="redactor">Takes secrets out of output.</param>
    /// <param name="variable">Gives an environment variable's value, or null: where the cluster is, as kubectl has it.</param>
    /// <exception cref="FailureException"><c>system/configuration</c>: no cluster is configured.</exception>
    public static KubernetesSandbox Create(AiCoderOptions options, ProcessRunner runner, SecretRedactor redactor, Func<string, string?> variable)
    {
        ArgumentNullException.ThrowIfNull(options);
        var cluster = Cluster.Open(variable, context: null, options.KubernetesSandbox?.Namespace, TimeProvider.System);
        return new(options, cluster, runner, redactor, new(), TimeProvider.System);
    }

    /// <inheritdoc/>
    public async Task ProbeAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _probed) is not 0 and var probed && _time.GetElapsedTime(probed) < _bounds.ProbeCounts)
            return;
        try
        {
            await _probe.RunAsync(cancellationToken);
        }
        catch (FailureException exception) when (exception.Failure.Category == FailureCategory.Authentication)
        {
            throw new FailureException(FailureCodes.SandboxUnavailable, exception.Failure.Message, exception);
        }

        Volatile.Write(ref _probed, _time.GetTimestamp());
    }

    /// <inheritdoc/>
    public void Dispose() => _cluster.Dispose();

    /// <inheritdoc/>
    public bool IsElsewhere => true;

    /// <inheritdoc/>
    public string PathInside(string path) => ClaimPaths.InPod(path);

    /// <inheritdoc/>
    public async Task ReleaseAsync(string folder, CancellationToken cancellationToken)
    {
        _images.Forget(folder);
        await _pods.ReleaseAsync(folder, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<CommandOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        var directory = SandboxRun.DirectoryOf(command);
        var key = KeyOf(command);
        for (var start = 1; ; start++)
        {
            var pod = await _pods.GetAsync(key, FenceAsync, cancellationToken);
            await pod.Gate.WaitAsync(cancellationToken);
            try
            {
                if (!pod.IsGone && await RunAsync(pod, command, directory, last: start == MostStarts, cancellationToken) is { } outcome)
                    return outcome;
            }
            finally
            {
                pod.Gate.Release();
            }
        }
    }

    private SandboxPodKey KeyOf(SandboxCommand command)
    {
        var git = Path.Combine(command.WorkTree, ".git");
        if (new FileInfo(git).LinkTarget is not null || !Path.Exists(git))
            throw new FailureException(FailureCodes.SandboxUnavailable, "The work tree's .git is missing or a symbolic link, and could not be protected. Start the task anew.");
        if (command.Home is { } home)
            Directory.CreateDirectory(home);
        // What lies elsewhere is refused before anything is made.
        foreach (var path in command.ReadOnlyPaths.Append(command.WorkTree))
            _paths.InClaim(path);
        (string Path, bool IsFile)[] masked = [.. SandboxRun.Masked(command)];
        if (masked.Length > 0)
        {
            Directory.CreateDirectory(_paths.Nothing.Folder);
            if (!File.Exists(_paths.Nothing.File))
                File.WriteAllBytes(_paths.Nothing.File, []);
        }

        return new(command.WorkTree, command.Home, _images.For(command), command.Network, command.MaxProcesses) { ReadOnlyPaths = command.ReadOnlyPaths, Masked = masked };
    }

    /// <returns>Null where nothing ran because the pod was gone.</returns>
    private async Task<CommandOutcome?> RunAsync(SandboxPod pod, SandboxCommand command, string directory, bool last, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var timeout = new CancellationTokenSource(command.Timeout, _time);
        using var flood = new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token, flood.Token);
        var output = new SandboxOutput(command, _redactor, flood.Cancel);
        var script = Encoding.UTF8.GetBytes(SandboxScripts.Command(command, directory));
        command.Hold?.Follow(new PodProcesses((text, stop) => SayAsync(pod, text, LongestLook, stop), _bounds, _time));
        var began = _time.GetTimestamp();
        ExecEnd? end = null;
        PodRemains? remains = null;
        try
        {
            end = await _exec.RunAsync(pod.Name, SandboxScripts.Loader(script.Length), script, command.StandardInput, output.TakeAsync, either.Token);
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // A bound, or the caller: which of them, is asked below.
        }
        finally
        {
            if (end is not { Began: false })
                remains = await CleanAsync(pod);
            await SpecialFiles.RemoveAsync(_runner, command);
        }

        if (end is { Began: false })
        {
            await _pods.DiscardAsync(pod);
            return last ? throw Refused(end) : null;
        }

        var duration = _time.GetElapsedTime(began);
        try
        {
            cancellationToken.ThrowIfCancellationRequested();
            var ending = flood.IsCancellationRequested ? CommandEnding.TooMuchOutput
                : end is null ? CommandEnding.TimedOut
                : remains is { TooManyProcesses: true } ? CommandEnding.TooManyProcesses
                : await EndingAsync(pod, end, remains);
            return new(ending == CommandEnding.Exited ? end!.ExitCode : null, output.End(), duration, ending);
        }
        finally
        {
            // Only now: with the pod goes the word of how it ended.
            if (remains is null)
                await EndAsync(pod, cancellationToken);
        }
    }

    /// <summary>Ends a pod in which something may still run: whoever gets the command's outcome works in the same work tree.</summary>
    /// <exception cref="FailureException"><c>system/sandbox_unavailable</c>: it did not end.</exception>
    private async Task EndAsync(SandboxPod pod, CancellationToken cancellationToken)
    {
        await _pods.DiscardAsync(pod);
        var began = _time.GetTimestamp();
        while (!cancellationToken.IsCancellationRequested && await _pods.FindAsync(pod.Job, pod.JobUid, CancellationToken.None) is { } found && !SandboxPodReading.HasEnded(found))
        {
            if (_time.GetElapsedTime(began) >= _bounds.End)
            {
                throw new FailureException(
                    FailureCodes.SandboxUnavailable,
                    $"What a command left in the sandbox's pod {pod.Name} could not be ended, and the pod was still there {_bounds.End.TotalSeconds:0} s after it was removed. Nothing was pushed.");
            }

            await Task.Delay(_bounds.Look, _time, CancellationToken.None);
        }
    }

    /// <summary>How a command ended that no bound of ours ended.</summary>
    /// <exception cref="FailureException"><c>network/reset</c>: it is not known how, because its pod or the connection was lost.</exception>
    private async Task<CommandEnding> EndingAsync(SandboxPod pod, ExecEnd end, PodRemains? remains)
    {
        // Only where memory ran out and the command failed of it; a child may fail of it that nobody misses.
        if (end.ExitCode is not 0 && remains is { MemoryRanOut: true })
            return CommandEnding.OutOfMemory;
        if (end.ExitCode is not null && remains is not null)
            return CommandEnding.Exited;
        if (end.ExitCode is { } code and not 137)
            return code == 0 || await WhyGoneAsync(pod) is not { OutOfMemory: true } ? CommandEnding.Exited : CommandEnding.OutOfMemory;
        var gone = await WhyGoneAsync(pod);
        if (gone is { OutOfMemory: true })
            return CommandEnding.OutOfMemory;
        var what = gone?.Reason ?? $"The connection to it broke: {end.Problem ?? "its exit code is unknown"}";
        throw new FailureException(FailureCodes.Reset, $"A command in the sandbox was lost in the middle. {what}. It is run again in a new pod.");
    }

    /// <summary>Why a pod is gone. Its status comes a little after its end.</summary>
    private async Task<(string Reason, bool OutOfMemory)?> WhyGoneAsync(SandboxPod pod)
    {
        var began = _time.GetTimestamp();
        try
        {
            while (true)
            {
                if (await _pods.FindAsync(pod.Job, pod.JobUid, CancellationToken.None) is not { } found)
                    return ("The pod is gone", false);
                if (SandboxPodReading.WhyGone(found) is { } why)
                    return why;
                if (!pod.IsGone || _time.GetElapsedTime(began) >= _bounds.Settle)
                    return null;
                await Task.Delay(_bounds.Look, _time, CancellationToken.None);
            }
        }
        catch (FailureException exception)
        {
            return (exception.Failure.Message, false);
        }
    }

    /// <summary>Ends what a command left behind. A pod in which that is not sure is given up.</summary>
    /// <returns>Null: it was given up.</returns>
    private async Task<PodRemains?> CleanAsync(SandboxPod pod)
    {
        var answer = await SayAsync(pod, SandboxScripts.Clean(_bounds.Idle), CancellationToken.None);
        if (answer is not { } said || PodRemains.Read(said, pod.MemoryKills) is not { } remains)
        {
            pod.IsGone = true;
            return null;
        }

        pod.MemoryKills = remains.MemoryKills;
        return remains;
    }

    /// <summary>Policies may be there and nobody obey them: a pod that can reach what it must not is not used.</summary>
    private async Task FenceAsync(SandboxPod pod, bool network, CancellationToken stop)
    {
        var began = _time.GetTimestamp();
        while (!network && await SayAsync(pod, SandboxScripts.Reach, stop) is { } said && said.Trim() == "open")
        {
            if (_time.GetElapsedTime(began) >= _bounds.Fence)
            {
                throw new FailureException(
                    FailureCodes.SandboxUnavailable,
                    "A sandbox that may reach no network reaches the API server: the cluster has NetworkPolicies but does not obey them. Use a network plugin that does (AKS: --network-policy cilium, azure or calico).");
            }

            await Task.Delay(_bounds.Look, _time, stop);
        }
    }

    /// <summary>What a short script of ours prints; null: it did not come to its end.</summary>
    private Task<string?> SayAsync(SandboxPod pod, string script, CancellationToken stop) => SayAsync(pod, script, LongestWord, stop);

    private async Task<string?> SayAsync(SandboxPod pod, string script, int longest, CancellationToken stop)
    {
        using var bound = new CancellationTokenSource(_bounds.Clean, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, bound.Token);
        var said = new StringBuilder();
        try
        {
            var end = await _exec.RunAsync(
                pod.Name, ["/bin/sh", "-c", script], default, further: null,
                (isError, bytes, _) =>
                {
                    if (!isError && said.Length < longest)
                        said.Append(Encoding.UTF8.GetString(bytes.Span));
                    return ValueTask.CompletedTask;
                },
                either.Token);
            return end.ExitCode == 0 ? said.ToString() : null;
        }
        catch (OperationCanceledException)
        {
            stop.ThrowIfCancellationRequested();
            return null;
        }
    }

    private static FailureException Refused(ExecEnd end) => end.Refusal is { } refusal && ClusterErrors.Of("Running a command in the sandbox's pod", refusal) is { } failure
        && failure.Failure.Category == FailureCategory.Network
            ? failure
            : new(FailureCodes.SandboxUnavailable, $"No command can be run in the sandbox's pod: {end.Problem}", end.Refusal);
}
