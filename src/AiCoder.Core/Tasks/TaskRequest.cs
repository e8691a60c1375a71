using System.Text.Json;
using System.Text.Json.Nodes;

namespace AiCoder.Core.Tasks;

/// <summary>
/// A task as a caller sends it (JSON, snake_case). It may hold secrets: it is read, split by <see cref="TaskAcceptance"/>
/// into a <see cref="TaskSpec"/> and <see cref="TaskSecrets"/>, and then dropped. It is never stored or logged.
/// </summary>
public sealed record TaskRequest
{
    public string? TaskId { get; init; }
    public string? RepoUrl { get; init; }
    public string? Intent { get; init; }
    public string? Branch { get; init; }
    public string? WorkBranch { get; init; }
    public IReadOnlyList<string>? Paths { get; init; }
    public string? WebhookUrl { get; init; }
    public string? WebhookSecret { get; init; }
    public string? GitlabApiToken { get; init; }
    public string? GithubToken { get; init; }
    public RequestCredentials? Credentials { get; init; }
    public string? Engine { get; init; }
    public string? Model { get; init; }
    public string? BaseUrl { get; init; }
    public string? ApiKey { get; init; }
    public int? MaxIterations { get; init; }

    /// <summary><c>true</c>, <c>false</c>, or an object with the fields of <see cref="PullRequestOptions"/>.</summary>
    public JsonElement? PullRequest { get; init; }
    public ValidationOptions? Validation { get; init; }
    public TaskLimits? Limits { get; init; }
    public string? Approval { get; init; }
    public string? OnValidationFailure { get; init; }
    public bool? AllowCiChanges { get; init; }
    public JsonObject? Metadata { get; init; }
}

/// <summary>How to log in to the repository's host.</summary>
public sealed record RequestCredentials
{
    public string? Username { get; init; }
    public string? Password { get; init; }
    public string? Token { get; init; }

    /// <summary>An OpenSSH or PEM private key, as text.</summary>
    public string? SshPrivateKey { get; init; }

    /// <summary>Lines as in OpenSSH's known_hosts file. Not a secret.</summary>
    public string? KnownHosts { get; init; }
}
