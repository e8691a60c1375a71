using System.Net;
using AiCoder.Core.Failures;
using AiCoder.Kubernetes.Clusters;
using AiCoder.Kubernetes.Logs;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace AiCoder.Kubernetes.Runs;

/// <summary>
/// <c>docker run</c> on a cluster: a Job for one container, its log as it comes, its exit code at the end, and nothing left behind
/// unless asked.
/// </summary>
public sealed class JobRun
{
    private readonly Cluster _cluster;
    private readonly RunRequest _request;
    private readonly Stream _output;
    private readonly Action<string> _say;
    private readonly RunBounds _bounds;
    private readonly TimeProvider _time;
    private readonly ClusterCalls _calls;
    private readonly JobRemoval _removal;
    private readonly JobCreation _creation;

    /// <param name="cluster">Where to run.</param>
    /// <param name="request">What to run; it was checked.</param>
    /// <param name="output">Gets the container's output, byte by byte.</param>
    /// <param name="say">Gets a line for each thing that happens.</param>
    /// <param name="bounds">How long to wait for what.</param>
    /// <param name="time">For pauses and bounds.</param>
    public JobRun(Cluster cluster, RunRequest request, Stream output, Action<string> say, RunBounds bounds, TimeProvider time)
    {
        (_cluster, _request, _output, _say, _bounds, _time) = (cluster, request, output, say, bounds, time);
        _calls = new(bounds.Cluster, say, time);
        _removal = new(cluster, _calls, bounds, time);
        _creation = new(cluster, _calls, _removal, say);
    }

    /// <summary>Runs it to its end.</summary>
    /// <exception cref="FailureException">It could not be made or started, or its time is up.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> fired; Job and pod are removed, or are left with the commands for it.</exception>
    public async Task<RunEnd> RunAsync(CancellationToken stop)
    {
        try
        {
            var job = await _creation.CreateAsync(_request, stop);
            var end = await FollowAsync(job, stop);
            if (end.Explanation is { } explanation)
                _say(explanation);
            _say($"The container ended with the exit code {end.ExitCode}.");
            return end;
        }
        finally
        {
            await LeaveAsync();
        }
    }

    private async Task<RunEnd> FollowAsync(V1Job job, CancellationToken stop)
    {
        var pods = new JobPods(_cluster, _calls, _bounds, job, _time);
        var troubles = new TroubleWatch(_cluster, _calls, _request, _bounds, job, _say, _time);
        var gone = new GoneWatch(job, _request, _bounds, _time);
        using var logStop = CancellationTokenSource.CreateLinkedTokenSource(stop);
        PodLog? log = null;
        var following = Task.CompletedTask;
        try
        {
            while (true)
            {
                // First the pod: what the Job says then is no older.
                var pod = await pods.NewestAsync(stop);
                var current = await CurrentAsync(job, stop);
                var state = pod is null ? null : PodReading.Of(pod, _request);
                if (pod is not null && log is null && state is { HasLog: true })
                {
                    _say($"The pod {pod!.Metadata.Name} runs on the node {pod.Spec?.NodeName ?? "(unknown)"}.");
                    log = LogOf(pod);
                    following = log.FollowAsync(logStop.Token);
                }

                if (following.IsFaulted)
                    await following;
                if (gone.Decide(current, pod, state) is { } end)
                {
                    log?.End();
                    await following;
                    if (JobConditions.IsOverdue(current))
                        throw new FailureException(FailureCodes.LimitTime, $"The Job took longer than --timeout allows and was stopped. {JobConditions.WhyFailed(current)}");
                    return end;
                }

                await troubles.LookAsync(pod, state, stop);
                await pods.ChangedAsync(stop);
            }
        }
        finally
        {
            await logStop.CancelAsync();
            await following.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            log?.Dispose();
        }
    }

    private PodLog LogOf(V1Pod pod) =>
        new(_cluster, _bounds, pod.Metadata.Name, RunManifests.Container, new LogSplicer(_output, text => _say($"(from the node) {text}")), _say, _time);

    private async Task<V1Job> CurrentAsync(V1Job job, CancellationToken stop)
    {
        V1Job? current = null;
        try
        {
            current = await _calls.AskAsync(
                $"Reading the Job {job.Metadata.Name}",
                token => _cluster.Client.BatchV1.ReadNamespacedJobAsync(job.Metadata.Name, _cluster.Namespace, cancellationToken: token),
                stop,
                HttpStatusCode.NotFound);
        }
        catch (HttpOperationException exception) when (exception.Response.StatusCode == HttpStatusCode.NotFound)
        {
            // Said below.
        }

        return current?.Metadata.Uid == job.Metadata.Uid
            ? current
            : throw new FailureException(FailureCodes.Configuration, $"The Job {job.Metadata.Name} was removed by someone else while it ran.");
    }

    /// <summary>Nothing that goes wrong here changes how the run ended.</summary>
    private async Task LeaveAsync()
    {
        // Not the run's token: a run that was stopped cleans up, too.
        using var bound = new CancellationTokenSource(_bounds.Removal + _bounds.Cluster.Call, _time);
        V1Job? job = null;
        try
        {
            job = await _creation.FindAsync(bound.Token);
            if (job is null)
                return;
            if (_request.Keep)
                Keep(job);
            else if (await _removal.RemoveAsync(job, bound.Token))
                _say($"Job {job.Metadata.Name} is removed.");
            else
                _say($"The cluster is still removing the Job {job.Metadata.Name}; nothing needs to be done.");
        }
        catch (Exception exception) when (exception is FailureException or OperationCanceledException)
        {
            var reason = exception is FailureException failure ? failure.Failure.Message : "the API server did not answer in time.";
            _say(job is null
                ? $"Whether a Job was left behind could not be found out: {reason}"
                : $"The Job {job.Metadata.Name} could not be removed: {reason} Remove it: {new KubectlCommands(_cluster, job.Metadata.Name).Delete}");
        }
    }

    private void Keep(V1Job job)
    {
        var commands = new KubectlCommands(_cluster, job.Metadata.Name);
        _say($"Job {job.Metadata.Name} is kept.");
        _say($"  its log:     {commands.Log}");
        _say($"  its state:   {commands.Describe}");
        _say($"  to remove it with its pod and Secret: {commands.Delete}");
    }
}
