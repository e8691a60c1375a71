using AiCoder.Core.Failures;
using k8s;
using k8s.KubeConfigModels;

namespace AiCoder.Kubernetes.Clusters;

/// <summary>A connection to one cluster and the namespace in it that is worked in.</summary>
public sealed class Cluster : IDisposable
{
    private const char PathSeparator = ':';

    private Cluster(IKubernetes client, string @namespace, string? context, ServerClock clock) =>
        (Client, Namespace, Context, Clock) = (client, @namespace, context, clock);

    /// <summary>The client. It has no time limit of its own; <see cref="ClusterCalls"/> gives every call one.</summary>
    public IKubernetes Client { get; }

    /// <summary>The namespace: the one that was asked for, else the context's, else <c>default</c>.</summary>
    public string Namespace { get; }

    /// <summary>The kubeconfig's context; null inside a cluster.</summary>
    public string? Context { get; }

    /// <summary>The server's time.</summary>
    internal ServerClock Clock { get; }

    /// <summary>
    /// Connects as <c>kubectl</c> would: the files of KUBECONFIG, then <c>~/.kube/config</c>, then the service account of the pod
    /// that this runs in. Sends nothing yet.
    /// </summary>
    /// <param name="variable">Gives an environment variable's value, or null.</param>
    /// <param name="context">The kubeconfig's context; null for the current one.</param>
    /// <param name="namespace">The namespace; null for the context's.</param>
    /// <param name="time">This machine's time.</param>
    /// <exception cref="FailureException"><c>system/configuration</c>: no cluster is configured, or not rightly.</exception>
    public static Cluster Open(Func<string, string?> variable, string? context, string? @namespace, TimeProvider time)
    {
        var configuration = Configuration(variable, context);
        var clock = new ServerClock(time);
        configuration.HttpClientTimeout = Timeout.InfiniteTimeSpan;
        configuration.UserAgent = "aicoder";
        try
        {
            var client = new k8s.Kubernetes(configuration, clock);
            return new(client, @namespace ?? Text(configuration.Namespace) ?? "default", configuration.CurrentContext, clock);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw Problem($"The kubeconfig can't be used: {exception.Message}", exception);
        }
    }

    public void Dispose() => Client.Dispose();

    private static KubernetesClientConfiguration Configuration(Func<string, string?> variable, string? context)
    {
        if (Files(variable) is { Count: > 0 } files)
            return FromFiles(files, context);
        if (context is not null)
            throw Problem($"--context {context} needs a kubeconfig, and there is none: set KUBECONFIG, or write ~/.kube/config.");
        if (KubernetesClientConfiguration.IsInCluster())
            return KubernetesClientConfiguration.InClusterConfig();
        throw Problem(
            "No cluster is configured: KUBECONFIG is not set, ~/.kube/config does not exist, and this is no pod with a service account. "
            + "On AKS 'az aks get-credentials' writes the file.");
    }

    private static List<FileInfo> Files(Func<string, string?> variable)
    {
        if (Text(variable("KUBECONFIG")) is { } named)
        {
            // kubectl passes over files that are not there, too.
            List<FileInfo> files = [.. named.Split(PathSeparator, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
                .Where(File.Exists).Select(file => new FileInfo(file))];
            return files.Count > 0 ? files : throw Problem($"KUBECONFIG names no file that exists: {named}");
        }

        var path = Path.Combine(Text(variable("HOME")) ?? "/", ".kube", "config");
        return File.Exists(path) ? [new FileInfo(path)] : [];
    }

    private static KubernetesClientConfiguration FromFiles(List<FileInfo> files, string? context)
    {
        var names = string.Join(PathSeparator, files.Select(file => file.FullName));
        K8SConfiguration read;
        try
        {
            read = KubeConfigFiles.Read(files);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw Problem($"The kubeconfig {names} can't be read: {exception.Message}", exception);
        }

        var contexts = read.Contexts?.Select(known => known.Name).ToList() ?? [];
        var wanted = context ?? Text(read.CurrentContext)
            ?? throw Problem($"The kubeconfig {names} has no current context: name one with --context. {Known(contexts)}");
        if (!contexts.Contains(wanted, StringComparer.OrdinalIgnoreCase))
            throw Problem($"The kubeconfig {names} has no context '{wanted}'. {Known(contexts)}");
        try
        {
            return KubernetesClientConfiguration.BuildConfigFromConfigObject(read, wanted);
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            throw Problem($"The context '{wanted}' of the kubeconfig {names} can't be used: {exception.Message}", exception);
        }
    }

    private static string Known(List<string> contexts) =>
        contexts.Count > 0 ? $"It has {string.Join(", ", contexts)}." : "It has none.";

    private static string? Text(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();

    private static FailureException Problem(string message, Exception? inner = null) => new(FailureCodes.Configuration, message, inner);
}
