using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Security.Cryptography;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Kubernetes.Clusters;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>
/// The pods of this process's tasks, made on the first command and used by all later ones. Another process makes its own, with names
/// that nobody else has: it goes on with a task in another epoch, whose work tree is another.
/// </summary>
internal sealed class SandboxPods(Cluster cluster, ClusterCalls calls, ClaimPaths paths, KubernetesSandboxOptions options, SandboxBounds bounds, TimeProvider time)
{
    private static readonly string[] RefusalReasons = ["FailedCreate"];
    private static readonly string[] StartReasons = ["FailedMount", "FailedCreatePodSandBox", "FailedAttachVolume", "FailedScheduling", "Failed"];

    private readonly ConcurrentDictionary<SandboxPodKey, Slot> _slots = new();

    /// <summary>The pod for such commands, ready to take one.</summary>
    /// <param name="key">Which.</param>
    /// <param name="readyAsync">Looks at a new pod before anybody gets it.</param>
    /// <param name="stop">Ends the waiting; a pod that is not ready by then is removed.</param>
    /// <exception cref="FailureException"><c>system/sandbox_unavailable</c>: it does not start, and why.</exception>
    public async Task<SandboxPod> GetAsync(SandboxPodKey key, Func<SandboxPod, bool, CancellationToken, Task> readyAsync, CancellationToken stop)
    {
        var slot = _slots.GetOrAdd(key, _ => new());
        await slot.Gate.WaitAsync(stop);
        try
        {
            if (slot.Pod is null or { IsGone: true })
                slot.Pod = await MakeAsync(key, readyAsync, stop);
            return slot.Pod;
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>Removes a pod, whatever runs in it. The cluster does it where we can't: its first process ends it.</summary>
    public Task DiscardAsync(SandboxPod pod)
    {
        pod.IsGone = true;
        return RemoveAsync(pod.Job, pod.JobUid, CancellationToken.None);
    }

    /// <summary>Removes the pods of a task, whichever process made them.</summary>
    public async Task ReleaseAsync(string folder, CancellationToken stop)
    {
        foreach (var (key, slot) in _slots.Where(slot => slot.Key.WorkTree.StartsWith(folder + "/", StringComparison.Ordinal)).ToList())
        {
            _slots.TryRemove(key, out _);
            if (slot.Pod is { } pod)
                pod.IsGone = true;
        }

        using var bound = new CancellationTokenSource(bounds.Removal, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, bound.Token);
        try
        {
            var jobs = await cluster.Client.BatchV1.ListNamespacedJobAsync(
                cluster.Namespace, labelSelector: $"{SandboxManifests.TaskLabel}={paths.TaskLabel(folder)}", cancellationToken: either.Token);
            await Task.WhenAll(jobs.Items.Select(job => RemoveAsync(job.Metadata.Name, job.Metadata.Uid, either.Token)));
        }
        catch (Exception exception) when (exception is HttpOperationException or HttpRequestException or IOException or OperationCanceledException)
        {
            // They end by themselves when they are idle.
        }
    }

    /// <summary>The pod as the cluster has it; null where it is gone.</summary>
    public async Task<V1Pod?> FindAsync(string job, string jobUid, CancellationToken stop)
    {
        var pods = await calls.AskAsync(
            "Reading the sandbox's pod",
            token => cluster.Client.CoreV1.ListNamespacedPodAsync(cluster.Namespace, labelSelector: $"job-name={job}", cancellationToken: token),
            stop);
        return pods.Items.FirstOrDefault(pod => pod.Metadata.OwnerReferences?.Any(owner => owner.Uid == jobUid) == true);
    }

    private async Task<SandboxPod> MakeAsync(SandboxPodKey key, Func<SandboxPod, bool, CancellationToken, Task> readyAsync, CancellationToken stop)
    {
        var name = $"aicoder-sandbox-{paths.TaskLabel(key.WorkTree)[..8]}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(5))}";
        var job = await CreateAsync(SandboxManifests.Job(name, key, paths, options, SandboxUser.Current, bounds), stop);
        try
        {
            var pod = new SandboxPod(name, job.Metadata.Uid, await StartedAsync(job, key, stop));
            await readyAsync(pod, key.Network, stop);
            return pod;
        }
        catch
        {
            await RemoveAsync(name, job.Metadata.Uid, CancellationToken.None);
            throw;
        }
    }

    private async Task<V1Job> CreateAsync(V1Job job, CancellationToken stop)
    {
        try
        {
            return await calls.AskAsync(
                $"Creating the Job of a sandbox in the namespace {cluster.Namespace}",
                token => cluster.Client.BatchV1.CreateNamespacedJobAsync(job, cluster.Namespace, cancellationToken: token),
                stop,
                HttpStatusCode.Conflict);
        }
        catch (HttpOperationException)
        {
            // Nobody else has its name: it was made by a try whose answer was lost.
            var made = await calls.AskAsync(
                "Reading the sandbox's Job",
                token => cluster.Client.BatchV1.ListNamespacedJobAsync(cluster.Namespace, fieldSelector: $"metadata.name={job.Metadata.Name}", cancellationToken: token),
                stop);
            return made.Items.FirstOrDefault(candidate => candidate.Metadata.Name == job.Metadata.Name)
                ?? throw Unavailable($"The Job {job.Metadata.Name} of a sandbox was removed while it was made.");
        }
        catch (FailureException exception) when (exception.Failure.Category != FailureCategory.Network)
        {
            throw Unavailable(exception.Failure.Message, exception);
        }
    }

    /// <returns>The pod's name, once its container runs.</returns>
    private async Task<string> StartedAsync(V1Job job, SandboxPodKey key, CancellationToken stop)
    {
        var (began, events) = (time.GetTimestamp(), new JobEvents(cluster, calls));
        (long Since, TimeSpan Patience)? waited = null;
        while (true)
        {
            var pod = await FindAsync(job.Metadata.Name, job.Metadata.Uid, stop);
            var state = pod is not null ? SandboxPodReading.Of(pod, key.Image, options.Node, bounds)
                : await events.LastAsync(job.Metadata.Uid, RefusalReasons, stop) is { } refusal ? SandboxPodReading.OfRefusal(refusal, bounds)
                : new();
            if (state.IsReady)
                return pod!.Metadata.Name;
            if (state.Trouble is not { } trouble)
            {
                waited = null;
            }
            else
            {
                // Each kind has its own time: a pod that waited long for a node may still wait for a registry.
                if (waited?.Patience != state.Patience)
                    waited = (time.GetTimestamp(), state.Patience);
                if (time.GetElapsedTime(waited.Value.Since) >= state.Patience)
                    throw Unavailable(trouble);
            }

            if (time.GetElapsedTime(began) >= bounds.Start)
            {
                var note = pod is null ? null : await events.LastAsync(pod.Metadata.Uid, StartReasons, stop);
                throw Unavailable($"The sandbox's pod did not start within {bounds.Start.TotalMinutes:0} minutes. {note ?? $"'kubectl describe job {job.Metadata.Name}' may tell why."}");
            }

            await Task.Delay(bounds.Look, time, stop);
        }
    }

    private async Task RemoveAsync(string job, string uid, CancellationToken stop)
    {
        using var bound = new CancellationTokenSource(bounds.Removal, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, bound.Token);
        try
        {
            await cluster.Client.BatchV1.DeleteNamespacedJobAsync(
                job, cluster.Namespace, new V1DeleteOptions { PropagationPolicy = "Background", Preconditions = new() { Uid = uid } }, cancellationToken: either.Token);
        }
        catch (Exception exception) when (exception is HttpOperationException or HttpRequestException or IOException or OperationCanceledException)
        {
            // It is gone, or ends by itself when it is idle.
        }
    }

    private static FailureException Unavailable(string message, Exception? inner = null) => new(FailureCodes.SandboxUnavailable, message, inner);

    [SuppressMessage("Design", "CA1001", Justification = "A semaphore without a wait handle holds nothing that needs disposal.")]
    private sealed class Slot
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public SandboxPod? Pod { get; set; }
    }
}
