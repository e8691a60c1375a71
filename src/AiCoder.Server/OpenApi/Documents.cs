using System.Text.Json.Nodes;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Server.OpenApi;

// The forms of answers that are put together as JSON, for their description only.

/// <summary>What every task's JSON says around its result.</summary>
internal record TaskFrame
{
    public required int Progress { get; init; }
    public required string RepoUrl { get; init; }
    public required string Intent { get; init; }
    public required string WorkBranch { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>One line of a list.</summary>
internal sealed record TaskLine : TaskFrame
{
    public required string TaskId { get; init; }
    public required TaskState Status { get; init; }
    public string? CommitHash { get; init; }
    public Failure? Error { get; init; }
}

/// <summary>A page of tasks.</summary>
internal sealed record TaskList
{
    public required IReadOnlyList<TaskLine> Tasks { get; init; }
    public string? Next { get; init; }
}

/// <summary>A task's events.</summary>
internal sealed record EventList
{
    public required IReadOnlyList<TaskEvent> Events { get; init; }
}

/// <summary>That the service is well.</summary>
internal sealed record Health
{
    public required string Status { get; init; }
}

/// <summary>An error by RFC 9457.</summary>
internal sealed record Problem
{
    public required string Type { get; init; }
    public required string Title { get; init; }
    public required int Status { get; init; }
    public required string Detail { get; init; }
    public IReadOnlyList<FieldProblem>? Errors { get; init; }
    public IReadOnlyList<string>? Differences { get; init; }
    public Failure? Error { get; init; }
}

/// <summary>What is wrong with one field.</summary>
internal sealed record FieldProblem
{
    public required string Field { get; init; }
    public required string Message { get; init; }
}
