using System.Security.Cryptography.X509Certificates;
using System.Text;
using AiCoder.Core.Failures;
using AiCoder.Kubernetes.Clusters;
using AiCoder.Kubernetes.Runs;
using AiCoder.Testing;
using AiCoder.Testing.Processes;

namespace AiCoder.Kubernetes.Tests.Api;

/// <summary>A cluster and runs on it, in this process or as the real <c>aicoder</c>.</summary>
internal sealed class RunWorld : IAsyncDisposable
{
    public const string Image = "registry.example.com/ai-coder:1.0";

    /// <summary>Short where nothing but waiting would happen, long where a loaded machine might come too late.</summary>
    public static readonly RunBounds Quick = new()
    {
        Look = TimeSpan.FromMilliseconds(500),
        ShortestLook = TimeSpan.FromMilliseconds(20),
        Grace = TimeSpan.FromSeconds(2),
        Removal = TimeSpan.FromSeconds(30),
        LogEnd = TimeSpan.FromSeconds(10),
        Cluster = new() { FirstPause = TimeSpan.FromMilliseconds(20), FirstContact = TimeSpan.FromSeconds(30), Outage = TimeSpan.FromSeconds(60) },
    };

    private readonly StringBuilder _said = new();

    private RunWorld(ApiServer server) => Server = server;

    public ApiServer Server { get; }
    public TemporaryFolder Folder { get; } = new();
    public MemoryStream Output { get; } = new();
    public string KubeConfig => Folder["kubeconfig"];

    /// <summary>What went to standard error.</summary>
    public string Said
    {
        get
        {
            lock (_said)
                return _said.ToString();
        }
    }

    public string OutputText => Encoding.UTF8.GetString(Output.ToArray());

    /// <param name="play">Plays each pod's life.</param>
    /// <param name="certificate">Serves https with it.</param>
    public static async Task<RunWorld> CreateAsync(Func<PodDouble, Task>? play = null, X509Certificate2? certificate = null)
    {
        var server = await ApiServer.StartAsync(certificate);
        if (play is not null)
            server.Play = play;
        var world = new RunWorld(server);
        server.WriteKubeConfig(world.KubeConfig);
        return world;
    }

    /// <summary>A pod that starts, prints and ends.</summary>
    public static Func<PodDouble, Task> Prints(string line, int exitCode = 0) => pod =>
    {
        pod.Schedule();
        pod.Start();
        pod.Log.WriteLine(line);
        pod.End(exitCode);
        return Task.CompletedTask;
    };

    public async Task<RunEnd> RunAsync(RunRequest? request = null, RunBounds? bounds = null, CancellationToken stop = default)
    {
        request ??= new() { Image = Image };
        request.Check(ApiServer.Namespace);
        using var cluster = Cluster.Open(name => name == "KUBECONFIG" ? KubeConfig : null, null, null, TimeProvider.System);
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(stop, TestContext.Current.CancellationToken);
        return await new JobRun(cluster, request, Output, Say, bounds ?? Quick, TimeProvider.System)
            .RunAsync(bound.Token).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    public async Task<Failure> FailAsync(RunRequest? request = null, RunBounds? bounds = null) =>
        (await Assert.ThrowsAsync<FailureException>(() => RunAsync(request, bounds))).Failure;

    /// <summary>The real program, with this cluster's kubeconfig and nothing else in its environment.</summary>
    public AiCoderProcess Start(params IReadOnlyList<string> arguments) => AiCoderProcess.Start(Environment(), arguments);

    public async Task<AiCoderRun> ProcessAsync(params IReadOnlyList<string> arguments)
    {
        using var process = Start(arguments);
        return await process.EndAsync(TestContext.Current.CancellationToken);
    }

    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>Waits until something is so.</summary>
    public static async Task UntilAsync(Func<bool> isSo)
    {
        while (!isSo())
            await Task.Delay(20, TestContext.Current.CancellationToken);
    }

    /// <summary>The environment of the real program, whole.</summary>
    public Dictionary<string, string> Environment()
    {
        Func<string, string?> ours = System.Environment.GetEnvironmentVariable;
        var environment = new Dictionary<string, string>
        {
            ["PATH"] = ours("PATH") ?? "/usr/bin:/bin",
            ["HOME"] = Folder.Root,
            ["LANG"] = "C",
            ["KUBECONFIG"] = KubeConfig,
            // …/shared/Microsoft.NETCore.App/<version>/System.Private.CoreLib.dll
            ["DOTNET_ROOT"] = ours("DOTNET_ROOT") ?? Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", "..")),
        };
        foreach (var (name, value) in Variables)
            environment[name] = value;
        return environment;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Folder.Dispose();
        await Output.DisposeAsync();
    }

    private void Say(string line)
    {
        lock (_said)
            _said.AppendLine(line);
    }
}
