using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace AiCoder.Core.Tasks;

/// <summary>
/// What a task is to do: the request with every default applied and every secret taken out. It is the workflow's input and is
/// stored in clear in the journal or task hub.
/// </summary>
public sealed record TaskSpec
{
    public required string TaskId { get; init; }

    /// <summary>The repository's address without user information.</summary>
    public required string RepoUrl { get; init; }
    public required string Intent { get; init; }

    /// <summary>The base branch; null: the remote's HEAD.</summary>
    public string? Branch { get; init; }

    /// <summary>The branch that is pushed; default <c>ai/&lt;task_id&gt;</c>.</summary>
    public required string WorkBranch { get; init; }

    /// <summary>Sub-directories the task may change, relative, with forward slashes; empty: the whole repository.</summary>
    public IReadOnlyList<string> Paths { get; init; } = [];
    public string? WebhookUrl { get; init; }
    public TaskEngine Engine { get; init; } = TaskEngine.Openai;
    public required string Model { get; init; }

    /// <summary>The caller's own model endpoint; null: the operator's.</summary>
    public string? BaseUrl { get; init; }

    /// <summary>Rounds of coding and validation, at least 1.</summary>
    public int MaxIterations { get; init; } = 3;

    /// <summary>Null: no pull request is opened.</summary>
    public PullRequestOptions? PullRequest { get; init; }
    public ValidationOptions Validation { get; init; } = new();
    public TaskLimits Limits { get; init; } = new();
    public ApprovalMode Approval { get; init; } = ApprovalMode.None;
    public ValidationFailureAction OnValidationFailure { get; init; } = ValidationFailureAction.Fail;
    public bool AllowCiChanges { get; init; }
    public JsonObject? Metadata { get; init; }

    /// <summary>The user name for password or token logins, where the caller gave one.</summary>
    public string? Username { get; init; }

    /// <summary>Host keys the caller vouches for (known_hosts lines).</summary>
    public string? KnownHosts { get; init; }

    /// <summary>
    /// The W3C trace context of the request that brought the task (<c>traceparent</c>); every span of the task belongs to it. No
    /// part of what the task is to do: the same task sent again has another.
    /// </summary>
    public string? TraceParent { get; init; }
}

[JsonConverter(typeof(WireNameConverter<TaskEngine>))]
public enum TaskEngine
{
    /// <summary>Our own agent loop on an OpenAI-compatible endpoint.</summary>
    Openai,

    /// <summary>The Qwen Code command line as the engine.</summary>
    Qwen,
}

[JsonConverter(typeof(WireNameConverter<ApprovalMode>))]
public enum ApprovalMode
{
    None,

    /// <summary>A person approves the plan before anything is changed.</summary>
    Plan,

    /// <summary>A person approves the changes before they are pushed.</summary>
    Changes,
}

[JsonConverter(typeof(WireNameConverter<ValidationFailureAction>))]
public enum ValidationFailureAction
{
    /// <summary>Nothing is pushed; the patch is kept.</summary>
    Fail,

    /// <summary>The work branch is pushed and a draft pull request says what fails; the task still fails.</summary>
    Draft,
}

[JsonConverter(typeof(WireNameConverter<ValidationNetwork>))]
public enum ValidationNetwork
{
    /// <summary>Nothing that the repository runs reaches the network.</summary>
    None,

    /// <summary>Only <c>prepare</c> reaches the network.</summary>
    Prepare,

    /// <summary>Every command reaches the network.</summary>
    All,
}

/// <summary>How the pull or merge request is to look. Null parts are filled in from the task.</summary>
public sealed record PullRequestOptions
{
    public string? Title { get; init; }
    public string? Description { get; init; }
    public bool Draft { get; init; }
    public IReadOnlyList<string> Labels { get; init; } = [];
    public IReadOnlyList<string> Reviewers { get; init; } = [];
}

/// <summary>How the changes are validated.</summary>
public sealed record ValidationOptions
{
    /// <summary>Default of <see cref="TimeoutSeconds"/>.</summary>
    public const int DefaultTimeoutSeconds = 600;

    /// <summary>Shell commands that install dependencies; null: detected; empty: none.</summary>
    public IReadOnlyList<string>? Prepare { get; init; }

    /// <summary>Shell commands that must pass; null: detected; empty: none.</summary>
    public IReadOnlyList<string>? Commands { get; init; }

    /// <summary>Bound on one command, in seconds; default 600, 1 to 7200.</summary>
    public int? TimeoutSeconds { get; init; }

    /// <summary>What may reach the network; never more than the operator's ceiling. Null: the ceiling.</summary>
    public ValidationNetwork? Network { get; init; }

    /// <summary>The container image for the commands; only with <c>SANDBOX=kubernetes</c>.</summary>
    public string? Image { get; init; }

    /// <summary>Whether the tests run once on the untouched clone, so that what was red before fails nobody; default true.</summary>
    public bool? Baseline { get; init; }
}

/// <summary>Bounds on what a task may spend. Null: no bound of the caller's own.</summary>
public sealed record TaskLimits
{
    /// <summary>Default of <see cref="MaxTurns"/>.</summary>
    public const int DefaultTurns = 100;

    /// <summary>Default of <see cref="MaxMinutes"/>.</summary>
    public const double DefaultMinutes = 60;

    /// <summary>Input and output tokens together.</summary>
    public long? MaxTokens { get; init; }

    /// <summary>US dollars, by the operator's price table.</summary>
    public decimal? MaxCostUsd { get; init; }

    /// <summary>Model calls in the coding stage; default 100.</summary>
    public int? MaxTurns { get; init; }

    /// <summary>Minutes from start to end, waiting for approval not counted; default 60.</summary>
    public double? MaxMinutes { get; init; }
}
