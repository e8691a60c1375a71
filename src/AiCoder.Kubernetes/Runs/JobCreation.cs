using System.Net;
using System.Security.Cryptography;
using AiCoder.Core.Failures;
using AiCoder.Kubernetes.Clusters;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace AiCoder.Kubernetes.Runs;

/// <summary>
/// Makes the Job and its Secret. Every step may be repeated: an answer that was lost, or a process that was killed in between,
/// leaves nothing that the next try does not finish.
/// </summary>
internal sealed class JobCreation(Cluster cluster, ClusterCalls calls, JobRemoval removal, Action<string> say)
{
    // Without vowels and digits that look alike, as Kubernetes makes its own.
    private const string Letters = "bcdfghjklmnpqrstvwxz2456789";
    private const int RandomLetters = 8;

    private readonly string _maker = Guid.NewGuid().ToString("N");
    private string? _posted;

    /// <summary>The Job, as soon as it is known to be this request's.</summary>
    public V1Job? Job { get; private set; }

    /// <exception cref="FailureException">It can't be made, or the name has another Job.</exception>
    public async Task<V1Job> CreateAsync(RunRequest request, CancellationToken stop)
    {
        var name = request.Name ?? "aicoder-run-" + RandomNumberGenerator.GetString(Letters, RandomLetters);
        Job = await PostAsync(request, name, stop);
        if (RunManifests.Secret(request, Job) is { } secret)
        {
            await EnsureSecretAsync(secret, Job, stop);
            if (Job.Spec.Suspend == true)
                Job = await ResumeAsync(name, stop);
        }

        return Job;
    }

    /// <summary>The Job of a creation that was stopped before its answer came; null where there is none.</summary>
    public async Task<V1Job?> FindAsync(CancellationToken stop)
    {
        if (Job is not null || _posted is not { } name)
            return Job;
        return await GetAsync(name, stop) is { } job && IsOurs(job) ? job : null;
    }

    private async Task<V1Job> PostAsync(RunRequest request, string name, CancellationToken stop)
    {
        var job = RunManifests.Job(request, name, _maker, request.Name is null ? null : RunFingerprint.Of(request));
        while (true)
        {
            try
            {
                _posted = name;
                var created = await calls.AskAsync(
                    $"Creating the Job {name} in the namespace {cluster.Namespace}",
                    token => cluster.Client.BatchV1.CreateNamespacedJobAsync(job, cluster.Namespace, cancellationToken: token),
                    stop,
                    HttpStatusCode.Conflict);
                say($"Job {name} is made in the namespace {cluster.Namespace}.");
                return created;
            }
            catch (HttpOperationException exception) when (exception.Response.StatusCode == HttpStatusCode.Conflict)
            {
                if (await ExistingAsync(request, name, stop) is { } existing)
                    return existing;
            }
            catch (FailureException exception) when (NothingWasMade(exception.Failure))
            {
                _posted = null;
                throw;
            }
        }
    }

    // Where an answer may have been lost, the Job has to be looked for; where it was refused or never sent, not.
    private bool NothingWasMade(Failure failure) => failure switch
    {
        { Category: FailureCategory.Network, Code: FailureCodes.Refused or FailureCodes.HostNotFound or FailureCodes.Tls } => !calls.HasAnswered,
        { Category: FailureCategory.Network } => false,
        _ => true,
    };

    /// <returns>Null where the name is free by now.</returns>
    private async Task<V1Job?> ExistingAsync(RunRequest request, string name, CancellationToken stop)
    {
        if (await GetAsync(name, stop) is not { } existing)
            return null;
        if (existing.Metadata.DeletionTimestamp is not null)
        {
            say($"An earlier Job {name} is still being removed; waiting.");
            return await removal.GoneAsync(existing, stop)
                ? null
                : throw Problem($"An earlier Job {name} is still being removed. Try again later, or take another --name.");
        }

        if (IsOurs(existing))
            return existing;
        if (!RunFingerprint.Matches(Annotation(existing, RunManifests.RequestAnnotation), request))
        {
            throw Problem(
                $"The namespace {cluster.Namespace} has a Job {name} already, and it was made otherwise. Take another --name, or remove it: "
                + new KubectlCommands(cluster, name).Delete);
        }

        say($"Job {name} is there already, made by the same command; going on with it.");
        return existing;
    }

    private async Task EnsureSecretAsync(V1Secret secret, V1Job job, CancellationToken stop)
    {
        var name = secret.Metadata.Name;
        try
        {
            await calls.AskAsync(
                $"Creating the Secret {name} in the namespace {cluster.Namespace}",
                token => cluster.Client.CoreV1.CreateNamespacedSecretAsync(secret, cluster.Namespace, cancellationToken: token),
                stop,
                HttpStatusCode.Conflict);
        }
        catch (HttpOperationException exception) when (exception.Response.StatusCode == HttpStatusCode.Conflict)
        {
            var existing = await calls.AskAsync(
                $"Reading the Secret {name}",
                token => cluster.Client.CoreV1.ReadNamespacedSecretAsync(name, cluster.Namespace, cancellationToken: token),
                stop);
            if (existing.Metadata.OwnerReferences?.Any(owner => owner.Uid == job.Metadata.Uid) != true)
                throw Problem($"The namespace {cluster.Namespace} has a Secret {name} already that belongs to something else. Take another --name, or remove it.");
        }
    }

    private Task<V1Job> ResumeAsync(string name, CancellationToken stop) => calls.AskAsync(
        $"Starting the Job {name}",
        token => cluster.Client.BatchV1.PatchNamespacedJobAsync(
            new V1Patch("""{"spec":{"suspend":false}}""", V1Patch.PatchType.MergePatch), name, cluster.Namespace, cancellationToken: token),
        stop);

    private async Task<V1Job?> GetAsync(string name, CancellationToken stop)
    {
        try
        {
            return await calls.AskAsync(
                $"Reading the Job {name}",
                token => cluster.Client.BatchV1.ReadNamespacedJobAsync(name, cluster.Namespace, cancellationToken: token),
                stop,
                HttpStatusCode.NotFound);
        }
        catch (HttpOperationException exception) when (exception.Response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }
    }

    private bool IsOurs(V1Job job) => Annotation(job, RunManifests.MakerAnnotation) == _maker;

    private static string? Annotation(V1Job job, string name) => job.Metadata.Annotations?.TryGetValue(name, out var value) == true ? value : null;

    private static FailureException Problem(string message) => new(FailureCodes.Configuration, message);
}
