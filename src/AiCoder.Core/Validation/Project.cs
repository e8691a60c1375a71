using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation;

/// <summary>A part of a repository that can be checked by commands of its own.</summary>
public sealed record Project
{
    /// <summary>Its kind, for people: <c>Python</c>, <c>Node</c>.</summary>
    public required string Ecosystem { get; init; }

    /// <summary>Where it is, relative to the repository; <c>.</c> is its root.</summary>
    public required string Directory { get; init; }

    /// <summary>Commands that install its dependencies.</summary>
    public IReadOnlyList<ProjectCommand> Prepare { get; init; } = [];

    /// <summary>Its tests, and builds of what has no tests.</summary>
    public IReadOnlyList<ProjectCommand> Checks { get; init; } = [];

    /// <summary>What to say where there is no test: why none was found.</summary>
    public string? NoTests { get; init; }
}

/// <summary>A shell line of a project.</summary>
/// <param name="Line">What the shell gets.</param>
/// <param name="Program">The toolchain's program without which it cannot run; null: not known.</param>
/// <param name="Purpose">What it is for.</param>
public sealed record ProjectCommand(string Line, string? Program, CommandPurpose Purpose = CommandPurpose.Test);
