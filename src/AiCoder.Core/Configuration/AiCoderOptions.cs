using AiCoder.Core.Models;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Configuration;

/// <summary>
/// What the operator set. Read once from the environment by <see cref="EnvironmentReader"/> and validated as a whole.
/// </summary>
public sealed record AiCoderOptions
{
    /// <summary>Default of <see cref="Model"/>: a name that self-hosted endpoints use; OpenAI itself has no such model.</summary>
    public const string DefaultModel = "qwen-coder";

    /// <summary>OPENAI_API_KEY or LLM_API_KEY.</summary>
    public string? ApiKey { get; init; }

    /// <summary>OPENAI_BASE_URL or LLM_BASE_URL; default the OpenAI service.</summary>
    public Uri BaseUrl { get; init; } = new("https://api.openai.com/v1");

    /// <summary>OPENAI_MODEL or MODEL_NAME.</summary>
    public string Model { get; init; } = DefaultModel;

    /// <summary>AZURE_OPENAI_ENDPOINT: where set, it stands in for <see cref="BaseUrl"/>, and the model's name is the deployment's.</summary>
    public Uri? AzureOpenAiEndpoint { get; init; }

    /// <summary>AZURE_OPENAI_API_KEY; null: DefaultAzureCredential.</summary>
    public string? AzureOpenAiApiKey { get; init; }

    /// <summary>TOOL_CALLS: how models are given their tools.</summary>
    public ToolCallMode ToolCalls { get; init; } = ToolCallMode.Auto;

    /// <summary>GIT_USERNAME: the commits' author.</summary>
    public string GitUserName { get; init; } = "ai-coder-bot";

    /// <summary>GIT_EMAIL: the commits' author.</summary>
    public string GitEmail { get; init; } = "ai-coder@example.com";

    /// <summary>GITLAB_API_TOKEN.</summary>
    public string? GitLabApiToken { get; init; }

    /// <summary>GITHUB_TOKEN.</summary>
    public string? GitHubToken { get; init; }

    /// <summary>GITLAB_HOSTS: hosts that are GitLab and may be sent <see cref="GitLabApiToken"/>, besides gitlab.com.</summary>
    public IReadOnlyList<string> GitLabHosts { get; init; } = [];

    /// <summary>GITHUB_HOSTS: hosts that are GitHub and may be sent <see cref="GitHubToken"/>, besides github.com.</summary>
    public IReadOnlyList<string> GitHubHosts { get; init; } = [];

    /// <summary>WEBHOOK_URL; null: no events are sent.</summary>
    public Uri? WebhookUrl { get; init; }

    /// <summary>WEBHOOK_SECRET.</summary>
    public string? WebhookSecret { get; init; }

    /// <summary>WORKSPACE_DIR, absolute; default <c>/workspace</c> in the image, <c>~/.aicoder</c> elsewhere.</summary>
    public required string WorkspaceDir { get; init; }

    /// <summary>STATE_DIR, absolute: journal, keys, secrets; default <c>.state</c> under <see cref="WorkspaceDir"/>.</summary>
    public required string StateDir { get; init; }

    /// <summary>MAX_ITERATIONS, 1 to 20.</summary>
    public int MaxIterations { get; init; } = 3;

    /// <summary>OUTPUT_LANGUAGE: a BCP 47 tag such as <c>zh-CN</c>; null: plan, answers and summary are in the intent's language.</summary>
    public string? OutputLanguage { get; init; }

    /// <summary>SANDBOX.</summary>
    public SandboxKind Sandbox { get; init; } = SandboxKind.Bubblewrap;

    /// <summary>SANDBOX_…; null where <see cref="Sandbox"/> is another.</summary>
    public KubernetesSandboxOptions? KubernetesSandbox { get; init; }

    /// <summary>QWEN_CODE_DIR, absolute: where npm put the Qwen Code command line; null: the engine <c>qwen</c> is not there.</summary>
    public string? QwenCodeDir { get; init; }

    /// <summary>SANDBOX_NETWORK: the most that any task gets.</summary>
    public ValidationNetwork SandboxNetwork { get; init; } = ValidationNetwork.None;

    /// <summary>ALLOWED_NETWORKS: hosts and CIDRs a caller may name although they are not public.</summary>
    public IReadOnlyList<string> AllowedNetworks { get; init; } = [];

    /// <summary>MAX_CONCURRENT_TASKS, 1 to 1000.</summary>
    public int MaxConcurrentTasks { get; init; } = 4;

    /// <summary>RETENTION_DAYS: how long the workspace of an ended task is kept, 0 to 3650.</summary>
    public int RetentionDays { get; init; } = 7;

    /// <summary>MODEL_PRICES: the operator's own prices by model name; they come before the built-in ones.</summary>
    public IReadOnlyDictionary<string, ModelPrice> ModelPrices { get; init; } = new Dictionary<string, ModelPrice>();

    /// <summary>DAILY_MAX_TOKENS: input and output tokens that all tasks together may spend on a UTC day; null: no ceiling.</summary>
    public long? DailyMaxTokens { get; init; }

    /// <summary>DAILY_MAX_COST_USD: US dollars that all tasks together may spend on a UTC day; null: no ceiling.</summary>
    public decimal? DailyMaxCostUsd { get; init; }

    /// <summary>Characters of the shortest <see cref="ServiceKey"/>.</summary>
    public const int ShortestServiceKey = 16;

    /// <summary>AICODER_API_KEY: what callers of the HTTP API must show, at least 16 characters; null: only on loopback.</summary>
    public string? ServiceKey { get; init; }

    /// <summary>ASPNETCORE_URLS: where the HTTP API listens, separated by semicolons; null: the host's default.</summary>
    public string? Urls { get; init; }

    /// <summary>REQUESTS_PER_MINUTE: what one client of the HTTP API may ask for, 1 to 100000.</summary>
    public int RequestsPerMinute { get; init; } = 600;

    /// <summary>AzureWebJobsStorage…: where the queue is; null: none of the settings is there.</summary>
    public QueueStorageOptions? QueueStorage { get; init; }

    /// <summary>Where traces and metrics go; default nowhere.</summary>
    public TelemetryOptions Telemetry { get; init; } = new();

    /// <summary>
    /// KEY_VAULT_CERTIFICATE: the certificate in Azure Key Vault that the keys of callers' secrets are encrypted with; null: they lie
    /// in STATE_DIR as they are.
    /// </summary>
    public Uri? KeyVaultCertificate { get; init; }

    /// <summary>
    /// The caller is the operator himself (the command line): every address but metadata ones is allowed, and the operator's
    /// tokens go to the repository he names.
    /// </summary>
    public bool CallerIsOperator { get; init; }

    /// <summary>
    /// What the operator's environment says about reaching the network, by the names in <see cref="Git.GitSettings.EnvironmentNames"/>:
    /// PATH, proxies, certificate authorities, ssh agent. Handed to the git program, and to nothing that a repository chose.
    /// </summary>
    public IReadOnlyDictionary<string, string> GitEnvironment { get; init; } = new Dictionary<string, string>();

    /// <summary>Every secret of the operator's, for redaction.</summary>
    public IEnumerable<string> Secrets =>
        ((string?[])[ApiKey, AzureOpenAiApiKey, GitLabApiToken, GitHubToken, WebhookSecret, ServiceKey, .. QueueStorage?.Secrets ?? [], .. Telemetry.Secrets]).Where(secret => !string.IsNullOrEmpty(secret))!;

    /// <summary>Prints no secret, whoever logs this.</summary>
    public override string ToString() => $"AiCoderOptions {{ WorkspaceDir = {WorkspaceDir}, Model = {Model}, Sandbox = {Sandbox} }}";
}

public enum SandboxKind
{
    Bubblewrap,
    Kubernetes,
    None,
}
