namespace AiCoder.Kubernetes.Sandboxes;

/// <summary>How an exec ended.</summary>
/// <param name="ExitCode">The command's; null: it is not known.</param>
/// <param name="Problem">Why it is not known.</param>
/// <param name="Began">Whether anything may have run.</param>
internal sealed record ExecEnd(int? ExitCode, string? Problem = null, bool Began = true)
{
    /// <summary>The server's refusal, where it was one.</summary>
    public Exception? Refusal { get; init; }
}
