namespace AiCoder.Cli.Commands;

/// <summary>The arguments of <c>k8s run</c> as they were typed.</summary>
internal sealed record KubernetesRunArguments
{
    public required string Image { get; init; }
    public required IReadOnlyList<string> Command { get; init; }
    public string? Namespace { get; init; }
    public required IReadOnlyList<string> Variables { get; init; }
    public required IReadOnlyList<string> VariableFiles { get; init; }
    public string? Entrypoint { get; init; }
    public string? RequestCpu { get; init; }
    public string? RequestMemory { get; init; }
    public string? LimitCpu { get; init; }
    public string? LimitMemory { get; init; }
    public string? WorkspaceMount { get; init; }
    public bool NoWorkspace { get; init; }
    public required IReadOnlyList<string> ImagePullSecrets { get; init; }
    public string? ServiceAccount { get; init; }
    public string? Context { get; init; }

    /// <summary>Null where it was not given.</summary>
    public bool? AutoClean { get; init; }

    /// <inheritdoc cref="AutoClean"/>
    public bool? Keep { get; init; }

    public string? Name { get; init; }
    public string? Timeout { get; init; }
    public string? PendingTimeout { get; init; }
    public bool AllowRoot { get; init; }
}
