namespace AiCoder.Core.Git;

/// <summary>The ways to a repository that are allowed; every other scheme is refused before any program sees it.</summary>
public enum GitTransport
{
    Https,
    Http,
    Ssh,

    /// <summary>A path on this machine: only for the operator.</summary>
    Local,
}
