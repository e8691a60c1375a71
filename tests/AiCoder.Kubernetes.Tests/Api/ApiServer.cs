using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiCoder.Kubernetes.Tests.Manifests;
using AiCoder.Testing;
using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace AiCoder.Kubernetes.Tests.Api;

/// <summary>
/// An API server over real HTTP with a Job controller and a node behind it: strict about fields, with uids, owners and garbage
/// collection, and as awkward as a test makes it.
/// </summary>
internal sealed class ApiServer : IAsyncDisposable
{
    public const string Namespace = "ai-coder";

    private readonly WebApplication _app;
    private readonly Lock _gate = new();
    private readonly ConcurrentQueue<ReceivedRequest> _requests = new();
    private readonly Dictionary<string, V1Job> _jobs = [];
    private readonly Dictionary<string, V1Secret> _secrets = [];
    private readonly List<PodDouble> _pods = [];
    private readonly List<Corev1Event> _events = [];
    private readonly CancellationTokenSource _stopped = new();
    private readonly TaskCompletionSource<PodDouble> _firstPod = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _changed = NewSignal();
    private int _version = 100;

    private ApiServer(WebApplication app) => _app = app;

    public Uri Url => new(_app.Urls.First());
    public IReadOnlyList<ReceivedRequest> Requests => [.. _requests];

    /// <summary>The first pod, as soon as there is one.</summary>
    public Task<PodDouble> PodAsync => _firstPod.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

    /// <summary>Plays each pod's life.</summary>
    public Func<PodDouble, Task> Play { get; set; } = _ => Task.CompletedTask;

    /// <summary>Looks at each request first; an answer here is sent instead.</summary>
    public Func<ReceivedRequest, Answer?> Fault { get; set; } = _ => null;

    /// <summary>The same after the request has taken effect: the answer is lost on its way.</summary>
    public Func<ReceivedRequest, Answer?> LostAnswer { get; set; } = _ => null;

    /// <summary>Answers what else a test's cluster has; false: it has not.</summary>
    public Func<HttpContext, ReceivedRequest, Task<bool>> Further { get; set; } = (_, _) => Task.FromResult(false);

    /// <summary>Whether a removed Job stays until it is let go.</summary>
    public TaskCompletionSource? HoldsRemovals { get; set; }

    /// <summary>What a watch sends before anything else.</summary>
    public string? FirstOfWatch { get; set; }

    /// <summary>Why no pod is made; null to make them.</summary>
    public string? RefusesPods { get; set; }

    public IReadOnlyList<V1Job> Jobs => Locked(() => _jobs.Values.ToList());
    public IReadOnlyList<V1Secret> Secrets => Locked(() => _secrets.Values.ToList());
    public IReadOnlyList<PodDouble> Pods => Locked(() => _pods.ToList());

    public static async Task<ApiServer> StartAsync(X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
                listen.UseHttps(certificate);
        }));
        var app = builder.Build();
        var server = new ApiServer(app);
        app.UseWebSockets();
        app.Run(server.AnswerAsync);
        await app.StartAsync();
        return server;
    }

    /// <summary>Writes a kubeconfig for this server.</summary>
    public string WriteKubeConfig(string path, string context = "test", string? server = null)
    {
        File.WriteAllText(path, $"""
            apiVersion: v1
            kind: Config
            current-context: {context}
            contexts:
            - name: {context}
              context:
                cluster: {context}
                user: {context}
                namespace: {Namespace}
            clusters:
            - name: {context}
              cluster:
                server: {server ?? Url.ToString()}
            users:
            - name: {context}
              user:
                token: test-token
            """);
        return path;
    }

    public V1Secret? Secret(string name) => Locked(() => _secrets.GetValueOrDefault(name));

    public void Add(V1Secret secret) => Change(() => _secrets[secret.Metadata.Name] = secret);

    public void Change(Action change)
    {
        lock (_gate)
        {
            change();
            _version++;
            _changed.TrySetResult();
            _changed = NewSignal();
        }
    }

    public void EndJob(V1Job job, string type, string reason, string message) => Change(() =>
    {
        job.Status ??= new();
        job.Status.Conditions = [new() { Type = type, Status = "True", Reason = reason, Message = message }];
    });

    public void Remove(PodDouble pod) => Change(() => _pods.Remove(pod));

    public void Note(string uid, string reason, string message) => Change(() => _events.Add(new()
    {
        Metadata = new() { Name = Guid.NewGuid().ToString("N"), NamespaceProperty = Namespace },
        InvolvedObject = new() { Uid = uid },
        Reason = reason,
        Message = message,
        LastTimestamp = DateTime.UtcNow,
    }));

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        await _app.DisposeAsync();
        _stopped.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var request = new ReceivedRequest(
            context.Request.Method,
            context.Request.Path + context.Request.QueryString.Value,
            context.Request.Host.Host,
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString(), StringComparer.OrdinalIgnoreCase),
            await reader.ReadToEndAsync(context.RequestAborted));
        _requests.Enqueue(request);
        try
        {
            if (Fault(request) is { } fault)
                await WriteAsync(context, fault);
            else if (!await Further(context, request) && await RouteAsync(context, request) is { } answer)
                await WriteAsync(context, LostAnswer(request) ?? answer);
        }
        catch (OperationCanceledException)
        {
            context.Abort();
        }
    }

    private async Task<Answer?> RouteAsync(HttpContext context, ReceivedRequest request)
    {
        var parts = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        switch (request.Method, parts)
        {
            case ("POST", ["apis", "batch", "v1", "namespaces", Namespace, "jobs"]):
                return CreateJob(request.Body);
            case ("GET", ["apis", "batch", "v1", "namespaces", Namespace, "jobs", var name]):
                return Locked(() => _jobs.TryGetValue(name, out var job) ? Ok(job) : NotFound("jobs.batch", name));
            case ("PATCH", ["apis", "batch", "v1", "namespaces", Namespace, "jobs", var name]):
                return Resume(name, request);
            case ("DELETE", ["apis", "batch", "v1", "namespaces", Namespace, "jobs", var name]):
                return Delete(name, request.Body);
            case ("POST", ["api", "v1", "namespaces", Namespace, "secrets"]):
                return CreateSecret(request.Body);
            case ("GET", ["api", "v1", "namespaces", Namespace, "secrets", var name]):
                return Locked(() => _secrets.TryGetValue(name, out var secret) ? Ok(secret) : NotFound("secrets", name));
            case ("GET", ["api", "v1", "namespaces", Namespace, "pods"]) when context.Request.Query["watch"] == "true":
                await WatchAsync(context);
                return null;
            case ("GET", ["api", "v1", "namespaces", Namespace, "pods"]):
                var selector = context.Request.Query["labelSelector"].ToString();
                return Locked(() => Ok(new V1PodList
                {
                    ApiVersion = "v1",
                    Kind = "PodList",
                    Metadata = new() { ResourceVersion = _version.ToString(CultureInfo.InvariantCulture) },
                    Items = [.. _pods.Select(pod => pod.Pod).Where(pod => selector == "job-name=" + pod.Metadata.Labels["job-name"])],
                }));
            case ("GET", ["api", "v1", "namespaces", Namespace, "pods", var name, "log"]):
                return await LogAsync(context, name);
            case ("GET", ["api", "v1", "namespaces", Namespace, "events"]):
                var field = context.Request.Query["fieldSelector"].ToString();
                return Locked(() => Ok(new Corev1EventList { ApiVersion = "v1", Kind = "EventList", Items = [.. _events.Where(note => field == "involvedObject.uid=" + note.InvolvedObject.Uid)] }));
            case (_, [.., "namespaces", var other, _]) when other != Namespace:
                return NotFound("namespaces", other);
            default:
                return Status(404, "NotFound", $"no route for {request.Method} {request.Path}");
        }
    }

    private Answer CreateJob(string body)
    {
        V1Job job;
        try
        {
            job = ManifestCheck.Read<V1Job>(body);
        }
        catch (JsonException exception)
        {
            return Status(400, "BadRequest", $"strict decoding error: {exception.Message}");
        }

        return Locked(() =>
        {
            if (_jobs.ContainsKey(job.Metadata.Name))
                return Status(409, "AlreadyExists", $"jobs.batch \"{job.Metadata.Name}\" already exists");
            job.Metadata.Uid = Guid.NewGuid().ToString();
            job.Metadata.NamespaceProperty = Namespace;
            job.Metadata.CreationTimestamp = DateTime.UtcNow;
            _jobs[job.Metadata.Name] = job;
            if (job.Spec.Suspend != true)
                MakePod(job);
            return Ok(job, 201);
        });
    }

    private Answer Resume(string name, ReceivedRequest request)
    {
        Assert.StartsWith("application/merge-patch+json", request.Headers["Content-Type"], StringComparison.Ordinal);
        Assert.Equal("""{"spec":{"suspend":false}}""", request.Body);
        return Locked(() =>
        {
            if (!_jobs.TryGetValue(name, out var job))
                return NotFound("jobs.batch", name);
            if (job.Spec.Suspend == true)
            {
                job.Spec.Suspend = false;
                MakePod(job);
            }

            return Ok(job);
        });
    }

    private Answer CreateSecret(string body)
    {
        var secret = ManifestCheck.Read<V1Secret>(body);
        return Locked(() => _secrets.TryAdd(secret.Metadata.Name, secret)
            ? Ok(secret, 201)
            : Status(409, "AlreadyExists", $"secrets \"{secret.Metadata.Name}\" already exists"));
    }

    private Answer Delete(string name, string body)
    {
        var options = ManifestCheck.Read<V1DeleteOptions>(body);
        return Locked(() =>
        {
            if (!_jobs.TryGetValue(name, out var job))
                return NotFound("jobs.batch", name);
            if (options.Preconditions?.Uid is { } uid && uid != job.Metadata.Uid)
                return Status(409, "Conflict", $"the UID in the precondition ({uid}) does not match the UID in record ({job.Metadata.Uid})");
            job.Metadata.DeletionTimestamp = DateTime.UtcNow;
            _ = CollectAsync(job);
            return Ok(job);
        });
    }

    // The garbage collector: what a Job owns goes first, then the Job.
    private async Task CollectAsync(V1Job job)
    {
        if (HoldsRemovals is { } hold)
            await hold.Task;
        Change(() =>
        {
            _pods.RemoveAll(pod => pod.Pod.Metadata.OwnerReferences.Any(owner => owner.Uid == job.Metadata.Uid));
            foreach (var secret in _secrets.Values.Where(secret => secret.Metadata.OwnerReferences?.Any(owner => owner.Uid == job.Metadata.Uid) == true).ToList())
                _secrets.Remove(secret.Metadata.Name);
            _jobs.Remove(job.Metadata.Name);
        });
    }

    private void MakePod(V1Job job)
    {
        if (RefusesPods is { } refusal)
        {
            Note(job.Metadata.Uid, "FailedCreate", refusal);
            return;
        }

        var template = KubernetesJson.Deserialize<V1PodTemplateSpec>(KubernetesJson.Serialize(job.Spec.Template));
        var pod = new V1Pod
        {
            Metadata = new()
            {
                Name = $"{job.Metadata.Name}-x7k2p",
                NamespaceProperty = Namespace,
                Uid = Guid.NewGuid().ToString(),
                CreationTimestamp = DateTime.UtcNow,
                Labels = new Dictionary<string, string>(template.Metadata.Labels ?? new Dictionary<string, string>()) { ["job-name"] = job.Metadata.Name },
                OwnerReferences = [new() { ApiVersion = "batch/v1", Kind = "Job", Name = job.Metadata.Name, Uid = job.Metadata.Uid, Controller = true }],
            },
            Spec = template.Spec,
            Status = new() { Phase = "Pending" },
        };
        var made = new PodDouble(this, pod, job);
        Change(() => _pods.Add(made));
        _ = Task.Run(async () =>
        {
            _firstPod.TrySetResult(made);
            try
            {
                await Play(made);
            }
            catch (InvalidOperationException exception)
            {
                made.Wait("CreateContainerConfigError", exception.Message);
            }
        });
    }

    private async Task<Answer?> LogAsync(HttpContext context, string name)
    {
        if (Pods.FirstOrDefault(pod => pod.Pod.Metadata.Name == name) is not { } pod)
            return NotFound("pods", name);
        if (pod.Pod.Status.ContainerStatuses?.FirstOrDefault()?.State is not ({ Running: not null } or { Terminated: not null }))
            return Status(400, "BadRequest", $"container \"run\" in pod \"{name}\" is waiting to start: ContainerCreating");
        await pod.Log.ServeAsync(context);
        return null;
    }

    private async Task WatchAsync(HttpContext context)
    {
        await context.Response.StartAsync();
        if (FirstOfWatch is { } first)
        {
            await context.Response.WriteAsync(first + "\n", context.RequestAborted);
            return;
        }

        var from = int.Parse(context.Request.Query["resourceVersion"].ToString(), CultureInfo.InvariantCulture);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _stopped.Token);
        bound.CancelAfter(TimeSpan.FromSeconds(int.Parse(context.Request.Query["timeoutSeconds"].ToString(), CultureInfo.InvariantCulture)));
        while (true)
        {
            var (changed, version, pods) = Locked(() => (_changed.Task, _version, _pods.Select(pod => KubernetesJson.Serialize(pod.Pod)).ToList()));
            if (version > from)
            {
                foreach (var pod in pods)
                    await context.Response.WriteAsync($"{{\"type\":\"MODIFIED\",\"object\":{pod}}}\n", bound.Token);
                await context.Response.Body.FlushAsync(bound.Token);
                from = version;
            }

            await changed.WaitAsync(bound.Token);
        }
    }

    public static async Task WriteAsync(HttpContext context, Answer answer)
    {
        context.Response.StatusCode = answer.Status;
        context.Response.ContentType = "application/json";
        foreach (var (name, value) in answer.Headers ?? [])
            context.Response.Headers[name] = value;
        await context.Response.WriteAsync(answer.Body, context.RequestAborted);
    }

    public static Answer Status(int code, string reason, string message) =>
        // The client's own serializer reads this type and does not write it.
        new(code, new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Status", ["status"] = "Failure", ["code"] = code, ["reason"] = reason, ["message"] = message }.ToJsonString());

    public static Answer NotFound(string kind, string name) => Status(404, "NotFound", $"{kind} \"{name}\" not found");

    public static Answer Ok(object value, int status = 200) => new(status, KubernetesJson.Serialize(value));

    private T Locked<T>(Func<T> read)
    {
        lock (_gate)
            return read();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
