using System.Text.RegularExpressions;
using AiCoder.Core.Failures;

namespace AiCoder.Kubernetes.Runs;

/// <summary>What <c>aicoder k8s run</c> is asked to run.</summary>
public sealed partial record RunRequest
{
    /// <summary>Where the workspace is mounted by default.</summary>
    public const string DefaultWorkspace = "/workspace";

    /// <summary>Begins the names under which the container's arguments stand in its environment.</summary>
    internal const string ArgumentPrefix = "AICODER_ARGUMENT_";

    /// <summary>The image's reference, as a registry names it.</summary>
    public required string Image { get; init; }

    /// <summary>What stood behind the image: the arguments of its entry point, as with <c>docker run</c>.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>A program in place of the image's entry point; an empty text clears it, and the first argument is the program.</summary>
    public string? Entrypoint { get; init; }

    /// <summary>The container's environment, in order. Every value is held for a secret.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>Kubernetes quantities, like <c>500m</c> and <c>1Gi</c>.</summary>
    public string? RequestCpu { get; init; }

    /// <inheritdoc cref="RequestCpu"/>
    public string? RequestMemory { get; init; }

    /// <inheritdoc cref="RequestCpu"/>
    public string? LimitCpu { get; init; }

    /// <inheritdoc cref="RequestCpu"/>
    public string? LimitMemory { get; init; }

    /// <summary>Where an empty folder of the pod's own is mounted; null for none.</summary>
    public string? Workspace { get; init; } = DefaultWorkspace;

    /// <summary>Secrets with the registry's credentials.</summary>
    public IReadOnlyList<string> ImagePullSecrets { get; init; } = [];

    /// <summary>The pod's service account; without one, the pod gets no token at all.</summary>
    public string? ServiceAccount { get; init; }

    /// <summary>Whether Job and pod stay.</summary>
    public bool Keep { get; init; }

    /// <summary>The Job's name; null for a new one.</summary>
    public string? Name { get; init; }

    /// <summary>How long the Job may take, waiting for a node included; null for no bound.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>How long the pod may wait for a node; default 5 min, which lets an autoscaler add one.</summary>
    public TimeSpan PendingTimeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether an image that starts as root may.</summary>
    public bool AllowRoot { get; init; }

    /// <summary>Checks what the API server would refuse, so that everything is said at once and nothing is begun.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>, with every problem.</exception>
    public void Check(string? @namespace)
    {
        var problems = new List<string>();
        // A mistyped option stands where the image is expected.
        if (Image.StartsWith('-'))
            problems.Add($"'{Image}' is no option of 'aicoder k8s run' and no image; 'aicoder k8s run --help' lists the options.");
        else if (string.IsNullOrWhiteSpace(Image) || Image.Any(char.IsWhiteSpace))
            problems.Add($"'{Image}' is no image.");
        if (Name is not null && !IsLabel(Name))
            problems.Add($"--name '{Name}' must be small letters, digits and '-', at most 63, with a letter or digit at both ends.");
        if (@namespace is not null && !IsLabel(@namespace))
            problems.Add($"--namespace '{@namespace}' must be small letters, digits and '-', at most 63.");
        foreach (var (option, value) in new[] { ("--request-cpu", RequestCpu), ("--request-memory", RequestMemory), ("--limit-cpu", LimitCpu), ("--limit-memory", LimitMemory) })
        {
            if (value is not null && !Quantity().IsMatch(value))
                problems.Add($"{option} '{value}' is no quantity; examples: 500m, 2, 512Mi, 1Gi.");
        }

        if (Workspace is not null && (!Workspace.StartsWith('/') || Workspace.Length == 1 || Workspace.AsSpan().ContainsAny(':', '$') || Workspace.Split('/').Contains("..")))
            problems.Add($"--workspace-mount '{Workspace}' must be an absolute path below /, without ':', '$' and '..'.");
        foreach (var name in ImagePullSecrets.Where(name => !Subdomain().IsMatch(name)))
            problems.Add($"--image-pull-secret '{name}' is no name of a Secret.");
        if (ServiceAccount is not null && !Subdomain().IsMatch(ServiceAccount))
            problems.Add($"--service-account '{ServiceAccount}' is no name of a service account.");
        // A value never: it may be a secret that lost its name.
        if (Environment.Any(variable => !VariableName().IsMatch(variable.Key)))
            problems.Add("A variable's name in --env or --env-file must be letters, digits, '_', '-' and '.', and not begin with a digit.");
        foreach (var (name, _) in Environment.Where(variable => variable.Key.StartsWith(ArgumentPrefix, StringComparison.Ordinal)))
            problems.Add($"{name} can't be given: names that begin with {ArgumentPrefix} carry the container's arguments.");
        if (Entrypoint is "" && Arguments.Count == 0)
            problems.Add("--entrypoint '' needs a command after the image.");
        if (Timeout is { TotalSeconds: < 1 })
            problems.Add("--timeout must be at least one second.");
        if (problems.Count > 0)
            throw new FailureException(FailureCodes.Configuration, string.Join(' ', problems));
    }

    private static bool IsLabel(string text) => text.Length <= 63 && Label().IsMatch(text);

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9]*[a-z0-9])?\z")]
    private static partial Regex Label();

    [GeneratedRegex(@"\A[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?\z")]
    private static partial Regex Subdomain();

    [GeneratedRegex(@"\A[-._a-zA-Z][-._a-zA-Z0-9]{0,252}\z")]
    private static partial Regex VariableName();

    // https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/
    [GeneratedRegex(@"\A\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?\z")]
    private static partial Regex Quantity();
}
