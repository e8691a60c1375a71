using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using AiCoder.Core.Configuration;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Kubernetes.Clusters;
using AiCoder.Kubernetes.Sandboxes;
using AiCoder.Kubernetes.Tests.Api;
using AiCoder.Testing;
using AiCoder.Testing.Sandboxes;
using k8s;
using k8s.Models;
using Microsoft.AspNetCore.Http;

namespace AiCoder.Kubernetes.Tests.Sandboxes;

/// <summary>A cluster whose pods really run, in containers on this machine, and a work tree on a claim that they share with us.</summary>
internal sealed class SandboxWorld : SandboxGround
{
    public static readonly SandboxBounds Quick = new()
    {
        Look = TimeSpan.FromMilliseconds(30),
        Node = TimeSpan.FromSeconds(1),
        Grace = TimeSpan.FromSeconds(1),
        Start = TimeSpan.FromMinutes(1),
        Clean = TimeSpan.FromMinutes(1),
        Settle = TimeSpan.FromSeconds(20),
        Fence = TimeSpan.FromSeconds(2),
        Cluster = new() { FirstPause = TimeSpan.FromMilliseconds(20), FirstContact = TimeSpan.FromSeconds(5), Outage = TimeSpan.FromSeconds(20) },
    };

    private readonly ConcurrentDictionary<string, LocalContainer> _containers = new();
    private readonly Cluster _cluster;

    private SandboxWorld(ApiServer server, SandboxBounds bounds, Func<AiCoderOptions, AiCoderOptions> with)
    {
        Server = server;
        server.Play = PlayAsync;
        server.Further = AnswerAsync;
        server.WriteKubeConfig(Folder["kubeconfig"]);
        Directory.CreateDirectory(Path.Combine(WorkTree, ".git"));
        File.WriteAllText(Path.Combine(WorkTree, ".git", "config"), "[core]\n");
        Options = with(new()
        {
            WorkspaceDir = WorkspaceDir,
            StateDir = Path.Combine(WorkspaceDir, ".state"),
            Sandbox = SandboxKind.Kubernetes,
            KubernetesSandbox = new() { VolumeClaim = "workspace", VolumeSubPath = "share" },
            ApiKey = Secret,
        });
        _cluster = Cluster.Open(name => name == "KUBECONFIG" ? Folder["kubeconfig"] : null, null, null, TimeProvider.System);
        Sandbox = new KubernetesSandbox(Options, _cluster, new ProcessRunner(TimeProvider.System), new SecretRedactor(Options.Secrets), bounds, TimeProvider.System);
    }

    public ApiServer Server { get; }
    public TemporaryFolder Folder { get; } = new();
    public AiCoderOptions Options { get; }
    public override ISandbox Sandbox { get; }
    public string Claim => Folder["claim"];
    public string WorkspaceDir => Path.Combine(Claim, "share");
    public string TaskFolder => Path.Combine(WorkspaceDir, "task-1");
    public override string WorkTree => Path.Combine(TaskFolder, "work", "1");
    public override string Home => Path.Combine(TaskFolder, "home", "1");

    /// <summary>Stands for a pod's start; true where the test itself plays it.</summary>
    public Func<PodDouble, bool> PlaysPod { get; set; } = _ => false;

    /// <summary>What images and nodes set in every container.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    /// <summary>Whether pods without network reach one all the same.</summary>
    public bool IgnoresPolicies { get; set; }

    /// <summary>Rights that we have not, as <c>verb resource</c>.</summary>
    public HashSet<string> Denied { get; } = [];

    public string? ClaimName { get; set; } = "workspace";

    public List<V1NetworkPolicy> Policies { get; } =
    [
        new()
        {
            Metadata = new() { Name = "sandbox" },
            Spec = new() { PodSelector = new() { MatchLabels = new Dictionary<string, string> { ["app.kubernetes.io/component"] = "sandbox" } }, PolicyTypes = ["Ingress", "Egress"] },
        },
    ];

    public static async Task<SandboxWorld> CreateAsync(SandboxBounds? bounds = null, Func<AiCoderOptions, AiCoderOptions>? with = null)
    {
        Assert.SkipUnless(ProgramPath.Find("nsenter", new Dictionary<string, string>()) is not null, "this machine has no nsenter");
        Assert.SkipUnless(ProgramPath.Find("bwrap", new Dictionary<string, string>()) is not null, "this machine has no bubblewrap");
        return new(await ApiServer.StartAsync(), bounds ?? Quick, with ?? (options => options));
    }

    /// <summary>The container of a pod, as soon as it runs.</summary>
    public async Task<LocalContainer> ContainerAsync(PodDouble pod)
    {
        LocalContainer? container;
        while (!_containers.TryGetValue(pod.Pod.Metadata.Name, out container))
            await Task.Delay(20, TestContext.Current.CancellationToken);
        return container;
    }

    /// <summary>Takes all pods from their nodes, whatever runs in them.</summary>
    public void EvictAll()
    {
        foreach (var pod in Server.Pods)
        {
            pod.Evict("The node was low on resource: memory.");
            _containers[pod.Pod.Metadata.Name].Kill();
        }
    }

    /// <summary>A folder that stands for a pod's <c>/sys/fs/cgroup</c>.</summary>
    public string CountersOf(PodDouble pod) => Folder["pods", pod.Pod.Metadata.Name, "cgroup"];

    public override async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        foreach (var container in _containers.Values)
            container.Dispose();
        _cluster.Dispose();
        Folder.Dispose();
    }

    private async Task PlayAsync(PodDouble pod)
    {
        if (PlaysPod(pod))
            return;
        pod.Schedule();
        var network = IgnoresPolicies || pod.Pod.Metadata.Labels[SandboxManifests.NetworkLabel] == "true";
        var container = await LocalContainer.StartAsync(pod.Pod.Spec, Claim, Folder["pods", pod.Pod.Metadata.Name], Environment, network);
        _containers[pod.Pod.Metadata.Name] = container;
        pod.Start();
        // A node ends what the cluster removed, and tells what ended by itself.
        while (!container.HasEnded && Server.Pods.Contains(pod))
            await Task.Delay(20);
        container.Kill();
        if (Server.Pods.Contains(pod) && pod.Pod.Status.Phase == "Running")
            pod.End(0);
    }

    private async Task<bool> AnswerAsync(HttpContext context, ReceivedRequest request)
    {
        var parts = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        switch (request.Method, parts)
        {
            case ("GET", ["api", "v1", "namespaces", ApiServer.Namespace, "pods", var name, "exec"]):
                await ExecAsync(context, name);
                return true;
            case ("GET", ["apis", "batch", "v1", "namespaces", ApiServer.Namespace, "jobs"]):
                var label = context.Request.Query["labelSelector"].ToString().Split('=');
                var field = context.Request.Query["fieldSelector"].ToString();
                await ApiServer.WriteAsync(context, ApiServer.Ok(new V1JobList
                {
                    ApiVersion = "batch/v1",
                    Kind = "JobList",
                    Items = [.. Server.Jobs.Where(job => field.Length > 0 ? field == "metadata.name=" + job.Metadata.Name : job.Metadata.Labels.TryGetValue(label[0], out var value) && value == label[1])],
                }));
                return true;
            case ("GET", ["apis", "networking.k8s.io", "v1", "namespaces", ApiServer.Namespace, "networkpolicies"]):
                await ApiServer.WriteAsync(context, ApiServer.Ok(new V1NetworkPolicyList { ApiVersion = "networking.k8s.io/v1", Kind = "NetworkPolicyList", Items = Policies }));
                return true;
            case ("GET", ["api", "v1", "namespaces", ApiServer.Namespace, "persistentvolumeclaims", var name]):
                await ApiServer.WriteAsync(context, name == ClaimName
                    ? ApiServer.Ok(new V1PersistentVolumeClaim { ApiVersion = "v1", Kind = "PersistentVolumeClaim", Metadata = new() { Name = name }, Status = new() { Phase = "Bound" } })
                    : ApiServer.NotFound("persistentvolumeclaims", name));
                return true;
            case ("POST", ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"]):
                var review = Manifests.ManifestCheck.Read<V1SelfSubjectAccessReview>(request.Body);
                var asked = review.Spec.ResourceAttributes;
                Assert.Equal(ApiServer.Namespace, asked.NamespaceProperty);
                review.Status = new() { Allowed = !Denied.Contains($"{asked.Verb} {asked.Resource}{(asked.Subresource is { } part ? "/" + part : "")}") };
                await ApiServer.WriteAsync(context, ApiServer.Ok(review, 201));
                return true;
            default:
                return false;
        }
    }

    private async Task ExecAsync(HttpContext context, string name)
    {
        var container = _containers.GetValueOrDefault(name);
        if (container is null or { HasEnded: true } || Server.Pods.All(pod => pod.Pod.Metadata.Name != name))
        {
            await ApiServer.WriteAsync(context, ApiServer.NotFound("pods", name));
            return;
        }

        Assert.Equal("sandbox", context.Request.Query["container"]);
        using var socket = await context.WebSockets.AcceptWebSocketAsync("v4.channel.k8s.io");
        // As in a cluster, it goes on when the connection is gone.
        using var process = container.Exec([.. context.Request.Query["command"].Select(word => word!)]);
        using var sending = new SemaphoreSlim(1);
        var feeding = context.Request.Query["stdin"].ToString() is "1" or "true" ? FeedAsync(socket, process.StandardInput.BaseStream) : DrainAsync(socket);
        await Task.WhenAll(
            CopyAsync(process.StandardOutput.BaseStream, socket, 1, sending),
            CopyAsync(process.StandardError.BaseStream, socket, 2, sending),
            process.WaitForExitAsync());
        // The client's own serializer does not write this type.
        var status = process.ExitCode == 0
            ? """{"metadata":{},"status":"Success"}"""
            : """{"metadata":{},"status":"Failure","message":"command terminated with non-zero exit code","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"CODE"}]}}"""
                .Replace("CODE", process.ExitCode.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal);
        // With its container an exec ends without a word.
        if (container.HasEnded)
            context.Abort();
        else
            await SendAsync(socket, 3, Encoding.UTF8.GetBytes(status), sending);
        if (socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
            await Quietly(socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None));
        await Quietly(feeding);
    }

    private static async Task FeedAsync(WebSocket socket, Stream input)
    {
        var buffer = new byte[64 * 1024];
        var begins = true;
        while (true)
        {
            var received = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
            if (received.MessageType == WebSocketMessageType.Close)
                return;
            var channel = begins ? 1 : 0;
            await Quietly(input.WriteAsync(buffer.AsMemory(channel, received.Count - channel)).AsTask());
            await Quietly(input.FlushAsync());
            begins = received.EndOfMessage;
        }
    }

    private static async Task DrainAsync(WebSocket socket)
    {
        var buffer = new byte[1024];
        while ((await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None)).MessageType != WebSocketMessageType.Close)
        {
        }
    }

    private static async Task CopyAsync(Stream from, WebSocket socket, byte channel, SemaphoreSlim sending)
    {
        var buffer = new byte[8 * 1024];
        int count;
        while ((count = await from.ReadAsync(buffer)) > 0)
            await SendAsync(socket, channel, buffer.AsMemory(0, count), sending);
    }

    private static async Task SendAsync(WebSocket socket, byte channel, ReadOnlyMemory<byte> bytes, SemaphoreSlim sending)
    {
        await sending.WaitAsync();
        try
        {
            await Quietly(socket.SendAsync((byte[])[channel, .. bytes.Span], WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None));
        }
        finally
        {
            sending.Release();
        }
    }

    private static async Task Quietly(Task task)
    {
        try
        {
            await task;
        }
        catch (Exception exception) when (exception is WebSocketException or IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The other side is gone.
        }
    }
}
