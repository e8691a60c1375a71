using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.RegularExpressions;
using AiCoder.Core.Commits;
using AiCoder.Core.Configuration;
using AiCoder.Core.Git;
using AiCoder.Core.Network;
using AiCoder.Core.Secrets;
using AiCoder.Core.Webhooks;

namespace AiCoder.Core.Tasks;

/// <summary>
/// Checks a request against the operator's options, applies the defaults, and takes the secrets out. Every problem is found at
/// once, so that a caller mends a request in one go.
/// </summary>
public sealed partial class TaskAcceptance
{
    public const int MostIterations = 20;
    private const int LongestIntent = 32_000;
    private const int LongestMetadata = 16 * 1024;
    private const int LongestTimeout = 7200;
    private const double LongestMinutes = 60 * 24 * 7;

    private readonly TaskRequest _request;
    private readonly AiCoderOptions _options;
    private readonly AddressGuard _guard;
    private readonly List<RequestProblem> _problems = [];

    private TaskAcceptance(TaskRequest request, AiCoderOptions options)
    {
        _request = request;
        _options = options;
        _guard = new(options);
    }

    /// <summary>Takes a request.</summary>
    /// <param name="request">As it was sent.</param>
    /// <param name="options">The operator's.</param>
    /// <param name="newTaskId">The id for a request that has none.</param>
    /// <exception cref="TaskRequestException">With everything that is wrong with it.</exception>
    public static AcceptedTask Accept(TaskRequest request, AiCoderOptions options, string newTaskId)
    {
        var acceptance = new TaskAcceptance(request, options);
        var accepted = acceptance.Read(newTaskId);
        return acceptance._problems.Count == 0 ? accepted : throw new TaskRequestException(acceptance._problems);
    }

    /// <summary>An id for a task that came without one: sortable by time, unique.</summary>
    public static string NewTaskId(TimeProvider time) =>
        $"task-{time.GetUtcNow():yyyyMMdd-HHmmss}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(3))}";

    /// <summary>Whether a text may be a task's id: nobody is asked about one that can't.</summary>
    public static bool IsTaskId(string text) => TaskIdPattern().IsMatch(text);

    private AcceptedTask Read(string newTaskId)
    {
        var taskId = TaskId(_request.TaskId ?? newTaskId);
        var repository = Repository();

        var spec = new TaskSpec
        {
            TaskId = taskId,
            RepoUrl = repository?.Address ?? "",
            Intent = Intent(),
            Branch = Branch("branch", _request.Branch),
            WorkBranch = WorkBranch(taskId),
            Paths = Paths(),
            WebhookUrl = HttpAddress("webhook_url", _request.WebhookUrl),
            Engine = Engine(),
            Model = Text("model", _request.Model, 200) ?? _options.Model,
            BaseUrl = BaseUrl(),
            MaxIterations = InRange("max_iterations", _request.MaxIterations, 1, MostIterations) ?? _options.MaxIterations,
            PullRequest = PullRequest(),
            Validation = Validation(),
            Limits = Limits(),
            Approval = Choice<ApprovalMode>("approval", _request.Approval) ?? ApprovalMode.None,
            OnValidationFailure = Choice<ValidationFailureAction>("on_validation_failure", _request.OnValidationFailure)
                ?? ValidationFailureAction.Fail,
            AllowCiChanges = _request.AllowCiChanges ?? false,
            Metadata = Metadata(),
            Username = Text("credentials.username", _request.Credentials?.Username, 200) ?? repository?.User,
            KnownHosts = _request.Credentials?.KnownHosts,
        };
        var secrets = Secrets(repository?.Password);
        return new(Redacted(spec, SecretRedactor.OfSure(_options, secrets)), secrets, Fingerprint(repository));
    }

    /// <summary>The spec is kept in clear, and people quote a token in what they ask for.</summary>
    private static TaskSpec Redacted(TaskSpec spec, SecretRedactor redactor) => spec with
    {
        Intent = redactor.Redact(spec.Intent),
        PullRequest = spec.PullRequest is not { } pullRequest ? null : pullRequest with
        {
            Title = pullRequest.Title is { } title ? redactor.Redact(title) : null,
            Description = pullRequest.Description is { } description ? redactor.Redact(description) : null,
        },
        Metadata = spec.Metadata is { } metadata && metadata.ToJsonString(AiCoderJson.Options) is var json && redactor.IndexOf(json) >= 0
            ? System.Text.Json.Nodes.JsonNode.Parse(redactor.Redact(json))!.AsObject()
            : spec.Metadata,
    };

    private GitUrl? Repository()
    {
        if (string.IsNullOrWhiteSpace(_request.RepoUrl))
            Problem("repo_url", "repo_url is missing: the repository to work on, like https://gitlab.com/group/project.git.");
        else if (!GitUrl.TryParse(_request.RepoUrl.Trim(), _options.CallerIsOperator, out var url, out var problem))
            Problem("repo_url", $"repo_url can't be taken. {problem}");
        else
        {
            Reachable("repo_url", url!.Host);
            return url;
        }

        return null;
    }

    /// <summary>What a name leads to is seen when it is connected to; an address that is written out is known now.</summary>
    private void Reachable(string field, string host)
    {
        if (_guard.ProblemOf(host, AddressTrust.Caller) is { } problem)
            Problem(field, $"{field} can't be taken. {problem}");
    }

    private TaskSecrets Secrets(string? passwordOfUrl)
    {
        var credentials = _request.Credentials ?? new();
        var given = new[] { credentials.Password ?? passwordOfUrl, credentials.Token, credentials.SshPrivateKey };
        if (given.Count(secret => !string.IsNullOrEmpty(secret)) > 1)
            Problem("credentials", "credentials holds more than one of password, token and ssh_private_key (a password in repo_url counts); give one.");
        if (!string.IsNullOrEmpty(credentials.SshPrivateKey) && !credentials.SshPrivateKey.Contains("PRIVATE KEY", StringComparison.Ordinal))
            Problem("credentials.ssh_private_key", "credentials.ssh_private_key is no private key in OpenSSH or PEM form; give the key's text, not its path.");
        if (!string.IsNullOrEmpty(_request.GitlabApiToken) && !string.IsNullOrEmpty(_request.GithubToken))
            Problem("github_token", "gitlab_api_token and github_token are both given, but a repository has one host; give the one that fits.");
        if (_request.WebhookSecret is { } webhookSecret && WebhookSignature.IsDamaged(webhookSecret))
            Problem("webhook_secret", "webhook_secret begins with whsec_ but what follows is not base64.");
        // Also the operator's key counts, and only there: a caller's own endpoint brings its own (see BaseUrl).
        if (_request.ApiKey is null && _options is { ApiKey: null, AzureOpenAiEndpoint: null })
        {
            Problem("api_key", _options.CallerIsOperator
                ? "There is no key for the model: set OPENAI_API_KEY (or LLM_API_KEY), or AZURE_OPENAI_ENDPOINT."
                : "There is no key for the model: this service's operator has set none (OPENAI_API_KEY). Give an api_key of your own, with the base_url of its endpoint.");
        }

        foreach (var (name, value) in new[]
                 {
                     ("gitlab_api_token", _request.GitlabApiToken), ("github_token", _request.GithubToken), ("api_key", _request.ApiKey),
                     ("credentials.token", credentials.Token), ("credentials.password", credentials.Password),
                 })
        {
            if (value is not null && value.Any(char.IsControl))
                Problem(name, $"{name} holds a line break or another control character; it was probably cut from a file with its end.");
        }

        return new()
        {
            WebhookSecret = NullIfEmpty(_request.WebhookSecret),
            GitlabApiToken = NullIfEmpty(_request.GitlabApiToken),
            GithubToken = NullIfEmpty(_request.GithubToken),
            Password = NullIfEmpty(credentials.Password) ?? passwordOfUrl,
            Token = NullIfEmpty(credentials.Token),
            SshPrivateKey = NullIfEmpty(credentials.SshPrivateKey),
            ApiKey = NullIfEmpty(_request.ApiKey),
        };
    }

    private string TaskId(string id)
    {
        // Names that begin with a dot are ours under WORKSPACE_DIR, and git allows neither that nor '..' nor '.lock' in a branch.
        if (!TaskIdPattern().IsMatch(id))
            Problem("task_id", $"task_id '{Cut(id)}' may have letters, digits, '.', '_' and '-' only, 1 to 100 of them.");
        else if (id[0] is '.' or '-' || id.EndsWith('.') || id.EndsWith(".lock", StringComparison.Ordinal) || id.Contains("..", StringComparison.Ordinal))
            Problem("task_id", $"task_id '{id}' can't name a branch and a folder: it must not begin with '.' or '-', end with '.' or '.lock', or hold '..'.");
        return id;
    }

    private string Intent()
    {
        var intent = _request.Intent?.Trim() ?? "";
        if (intent.Length == 0)
            Problem("intent", "intent is missing: say in plain language what is to be changed.");
        else if (intent.Length > LongestIntent)
            Problem("intent", $"intent has {intent.Length} characters; at most {LongestIntent} are taken.");
        return intent;
    }

    private string? Branch(string field, string? branch)
    {
        if (string.IsNullOrWhiteSpace(branch))
            return null;
        if (BranchName.ProblemOf(branch) is { } problem)
            Problem(field, $"{field} can't be taken: {problem}");
        return branch;
    }

    private string WorkBranch(string taskId)
    {
        var workBranch = Branch("work_branch", _request.WorkBranch) ?? $"ai/{taskId}";
        if (workBranch == _request.Branch)
            Problem("work_branch", $"work_branch '{workBranch}' is the base branch; the work goes to a branch of its own.");
        else if (WorkBranchPolicy.ProblemOf(workBranch) is { } problem)
            Problem("work_branch", $"work_branch can't be taken: {problem}");
        return workBranch;
    }

    private List<string> Paths()
    {
        var paths = new List<string>();
        foreach (var path in _request.Paths ?? [])
        {
            var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();
            if (path.StartsWith('/') || path.Contains('\\', StringComparison.Ordinal) || path.Any(char.IsControl) || parts.Contains("..") || parts.Contains(".git") || parts.Length == 0)
                Problem("paths", $"paths holds '{Cut(path)}'; give sub-directories relative to the repository, with forward slashes and without '..'.");
            else
                paths.Add(string.Join('/', parts));
        }

        return paths;
    }

    private string? HttpAddress(string field, string? address)
    {
        if (string.IsNullOrWhiteSpace(address))
            return null;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.UserInfo.Length > 0)
            Problem(field, $"{field} is no http(s) address without user information.");
        // Where a caller names what the operator set, the address is the operator's.
        else if (uri != _options.WebhookUrl || field != "webhook_url")
            Reachable(field, uri.IdnHost);
        return address;
    }

    private string? BaseUrl()
    {
        if (!string.IsNullOrEmpty(_request.BaseUrl) && string.IsNullOrEmpty(_request.ApiKey))
            Problem("base_url", "base_url needs its own api_key beside it: the operator's key is sent to the operator's endpoint only.");
        if (string.IsNullOrEmpty(_request.BaseUrl) && !string.IsNullOrEmpty(_request.ApiKey) && _options.AzureOpenAiEndpoint is not null)
            Problem("api_key", "api_key needs its base_url beside it: this service's own endpoint takes no callers' keys.");
        return HttpAddress("base_url", _request.BaseUrl);
    }

    private TaskEngine Engine()
    {
        var engine = Choice<TaskEngine>("engine", _request.Engine) ?? TaskEngine.Openai;
        if (engine == TaskEngine.Qwen && _options.QwenCodeDir is null)
            Problem("engine", "engine 'qwen' needs the Qwen Code command line, which is not set up here (QWEN_CODE_DIR); leave engine out, or set it to 'openai'.");
        return engine;
    }

    private PullRequestOptions? PullRequest()
    {
        switch (_request.PullRequest)
        {
            case null or { ValueKind: JsonValueKind.Null or JsonValueKind.False }:
                return null;
            case { ValueKind: JsonValueKind.True }:
                return new();
            case { ValueKind: JsonValueKind.Object } element:
                try
                {
                    return element.Deserialize<PullRequestOptions>(StrictPullRequest);
                }
                catch (JsonException)
                {
                    break;
                }
        }

        Problem("pull_request", "pull_request must be true, false, or an object with title, description, draft, labels[] and reviewers[].");
        return null;
    }

    private ValidationOptions Validation()
    {
        var validation = _request.Validation ?? new();
        InRange("validation.timeout_seconds", validation.TimeoutSeconds, 1, LongestTimeout);
        if (validation.Network > _options.SandboxNetwork)
        {
            Problem("validation.network", $"validation.network '{AiCoderJson.NameOf(validation.Network.Value)}' is more than the operator allows: '{AiCoderJson.NameOf(_options.SandboxNetwork)}' (SANDBOX_NETWORK).");
        }

        if (validation.Image is not null && _options.Sandbox != SandboxKind.Kubernetes)
            Problem("validation.image", "validation.image has a meaning only where the operator set SANDBOX=kubernetes.");
        else if (validation.Image is { } image && !KubernetesSandboxReader.IsImage(image))
            Problem("validation.image", $"validation.image '{Cut(image)}' is no image's name; give one like python:3.13 or registry.example.com/tools:1.0.");
        else if (validation.Image is { } named && _options.KubernetesSandbox?.Allows(named) == false)
            Problem("validation.image", $"validation.image '{Cut(named)}' is not among those that the operator allows: {string.Join(", ", _options.KubernetesSandbox.AllowedImages)} (SANDBOX_ALLOWED_IMAGES).");
        foreach (var command in (validation.Commands ?? []).Concat(validation.Prepare ?? []))
        {
            if (string.IsNullOrWhiteSpace(command) || command.Contains('\0', StringComparison.Ordinal))
                Problem("validation", "validation.prepare and validation.commands hold shell commands; an empty one is none.");
        }

        return validation;
    }

    private TaskLimits Limits()
    {
        var limits = _request.Limits ?? new();
        AboveZero("limits.max_tokens", limits.MaxTokens);
        AboveZero("limits.max_cost_usd", (double?)limits.MaxCostUsd);
        AboveZero("limits.max_turns", limits.MaxTurns);
        AboveZero("limits.max_minutes", limits.MaxMinutes, LongestMinutes);
        return limits;
    }

    private void AboveZero(string field, double? value, double most = double.MaxValue)
    {
        if (value <= 0 || value > most)
            Problem(field, string.Create(CultureInfo.InvariantCulture, $"{field} is {value}; it must be above zero{(most < double.MaxValue ? $" and at most {most}" : "")}. Leave it out for its default."));
    }

    private System.Text.Json.Nodes.JsonObject? Metadata()
    {
        if (_request.Metadata is { } metadata && metadata.ToJsonString(AiCoderJson.Options).Length > LongestMetadata)
            Problem("metadata", $"metadata has more than {LongestMetadata} characters as JSON.");
        return _request.Metadata;
    }

    // The body without its secrets. Whether those are the same is asked of their keyed hash.
    private string Fingerprint(GitUrl? repository)
    {
        var body = _request with
        {
            TaskId = null,
            RepoUrl = repository?.Address,
            WebhookSecret = null,
            GitlabApiToken = null,
            GithubToken = null,
            ApiKey = null,
            Credentials = _request.Credentials is { } credentials
                ? credentials with { Password = null, Token = null, SshPrivateKey = null }
                : null,
        };
        return Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(body, AiCoderJson.Options)));
    }

    private T? Choice<T>(string field, string? value)
        where T : struct, Enum
    {
        if (string.IsNullOrEmpty(value))
            return null;
        foreach (var choice in Enum.GetValues<T>())
        {
            if (AiCoderJson.NameOf(choice) == value)
                return choice;
        }

        Problem(field, $"{field} is '{Cut(value)}'; it must be one of {string.Join(", ", Enum.GetValues<T>().Select(AiCoderJson.NameOf))}.");
        return null;
    }

    private int? InRange(string field, int? value, int least, int most)
    {
        if (value < least || value > most)
            Problem(field, $"{field} is {value}; it must be from {least} to {most}.");
        return value;
    }

    private string? Text(string field, string? value, int most)
    {
        if (value?.Length > most || value?.Any(char.IsControl) == true)
            Problem(field, $"{field} must be one line of at most {most} characters.");
        return string.IsNullOrWhiteSpace(value) ? null : value;
    }

    private static string? NullIfEmpty(string? value) => string.IsNullOrEmpty(value) ? null : value;

    private static string Cut(string value) => TextLimit.Cut(value, 120);

    private void Problem(string field, string message) => _problems.Add(new(field, message));

    private static readonly JsonSerializerOptions StrictPullRequest =
        new(AiCoderJson.Options) { UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow };

    [GeneratedRegex(@"\A[A-Za-z0-9._-]{1,100}\z")]
    private static partial Regex TaskIdPattern();
}
