namespace AiCoder.Core.Tasks;

/// <summary>The secrets a caller gave with a task. Encrypted at rest, deleted when the task ends, never part of a payload.</summary>
public sealed record TaskSecrets
{
    public string? WebhookSecret { get; init; }
    public string? GitlabApiToken { get; init; }
    public string? GithubToken { get; init; }
    public string? Password { get; init; }
    public string? Token { get; init; }
    public string? SshPrivateKey { get; init; }
    public string? ApiKey { get; init; }

    /// <summary>No secret at all.</summary>
    public static TaskSecrets None { get; } = new();

    /// <summary>Every secret there is, with the request's name for it.</summary>
    public IEnumerable<(string Name, string Value)> All =>
        new (string Name, string? Value)[]
        {
            ("webhook_secret", WebhookSecret), ("gitlab_api_token", GitlabApiToken), ("github_token", GithubToken),
            ("credentials.password", Password), ("credentials.token", Token), ("credentials.ssh_private_key", SshPrivateKey),
            ("api_key", ApiKey),
        }.Where(secret => !string.IsNullOrEmpty(secret.Value)).Select(secret => (secret.Name, secret.Value!));

    /// <summary>Prints no secret, whoever logs this.</summary>
    public override string ToString() => "TaskSecrets { " + string.Join(", ", All.Select(secret => secret.Name)) + " }";
}
