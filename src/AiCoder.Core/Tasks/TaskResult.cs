using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using AiCoder.Core.Failures;

namespace AiCoder.Core.Tasks;

/// <summary>What came of a task: stdout of <c>run</c>, the answer of <c>GET /api/tasks/{id}</c>, the data of the last event.</summary>
public sealed record TaskResult
{
    public required string TaskId { get; init; }
    public required TaskState Status { get; init; }
    public string? Branch { get; init; }
    public string? CommitHash { get; init; }

    /// <summary><c>modified: a</c>, <c>created: b</c>, <c>deleted: c</c>, <c>renamed: d -> e</c>.</summary>
    public IReadOnlyList<string> Changes { get; init; } = [];
    public Plan? Plan { get; init; }
    public string? Summary { get; init; }
    public TestResults? TestResults { get; init; }
    public PushResult? PushResult { get; init; }
    public PullRequestResult? PullRequest { get; init; }
    public Usage Usage { get; init; } = Usage.Zero;

    /// <summary>Rounds of coding that were begun.</summary>
    public int Iterations { get; init; }

    /// <summary>Seconds by stage, and <c>total</c>.</summary>
    public IReadOnlyDictionary<string, double> Timings { get; init; } = new Dictionary<string, double>();
    public IReadOnlyList<UndeliveredEvent> UndeliveredEvents { get; init; } = [];

    /// <summary>What a reader should know besides: submodules left alone, files outside the plan, refused CI changes.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
    public JsonObject? Metadata { get; init; }
    public Failure? Error { get; init; }
}

/// <summary>What the model means to do.</summary>
public sealed record Plan
{
    public string Summary { get; init; } = "";
    public IReadOnlyList<string> Files { get; init; } = [];
    public IReadOnlyList<string> Changes { get; init; } = [];
    public IReadOnlyList<string> Tests { get; init; } = [];
}

[JsonConverter(typeof(WireNameConverter<Verdict>))]
public enum Verdict
{
    Passed,
    Failed,

    /// <summary>Nothing was tested; the reason says why.</summary>
    NotRun,
}

/// <summary>What the validation found.</summary>
public sealed record TestResults
{
    public required Verdict Verdict { get; init; }

    /// <summary>Why, in a sentence, where the verdict is not <see cref="Verdict.Passed"/>.</summary>
    public string? Reason { get; init; }
    public IReadOnlyList<CommandReport> Commands { get; init; } = [];
}

[JsonConverter(typeof(WireNameConverter<CommandPurpose>))]
public enum CommandPurpose
{
    Prepare,
    Syntax,
    Test,
}

/// <summary>One command of a validation.</summary>
public sealed record CommandReport
{
    public required string Command { get; init; }

    /// <summary>Where it ran, relative to the repository; <c>.</c> is its root.</summary>
    public string Directory { get; init; } = ".";
    public CommandPurpose Purpose { get; init; } = CommandPurpose.Test;

    /// <summary>Null where it did not end by itself.</summary>
    public int? ExitCode { get; init; }
    public double DurationSeconds { get; init; }
    public Verdict Verdict { get; init; }

    /// <summary>Why, where the verdict alone does not say it: timed out, toolchain missing, dependencies missing.</summary>
    public string? Reason { get; init; }

    /// <summary>It failed on the untouched clone as well, and so fails nobody.</summary>
    public bool PreExisting { get; init; }

    /// <summary>The tests that failed, by the names the runner prints, where it prints them; at most 300.</summary>
    public IReadOnlyList<string> FailedTests { get; init; } = [];

    /// <summary>Head and tail of what it printed, bounded and without secrets.</summary>
    public string Output { get; init; } = "";
}

public sealed record PushResult
{
    public bool Pushed { get; init; }

    /// <summary>The remote's address without user information.</summary>
    public string? Remote { get; init; }
    public string? Branch { get; init; }
    public string? Commit { get; init; }
}

public sealed record PullRequestResult
{
    public string? Url { get; init; }
    public long? Number { get; init; }
    public bool Draft { get; init; }

    /// <summary>It was there already and was found again.</summary>
    public bool Existing { get; init; }

    /// <summary>Why there is none, where it could not be opened; the push stands all the same.</summary>
    public Failure? Error { get; init; }
}

/// <summary>An event that was given up after its tries.</summary>
public sealed record UndeliveredEvent(int Sequence, string Status, string Reason);
