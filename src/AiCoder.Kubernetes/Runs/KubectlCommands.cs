using AiCoder.Kubernetes.Clusters;

namespace AiCoder.Kubernetes.Runs;

/// <summary>What a person types to look after a Job.</summary>
internal sealed class KubectlCommands(Cluster cluster, string job)
{
    private readonly string _kubectl = (cluster.Context is { } context ? $"kubectl --context {Quoted(context)}" : "kubectl") + $" -n {cluster.Namespace}";

    public string Log => $"{_kubectl} logs -f job/{job}";
    public string Describe => $"{_kubectl} describe pod -l job-name={job}";
    public string Delete => $"{_kubectl} delete job {job}";

    private static string Quoted(string text) =>
        text.All(character => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.' or '@' or ':' or '/')
            ? text
            : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
