namespace AiCoder.Core.Tools;

/// <summary>What a tool answers the model.</summary>
/// <param name="Text">The answer.</param>
public sealed record ToolResult(string Text)
{
    /// <summary>The call could not be done; the text says how to mend it.</summary>
    public bool Error { get; init; }

    /// <summary>A path that it was to change although the task may not.</summary>
    public string? RefusedPath { get; init; }

    /// <summary>A place out of the tools' reach that it named: <c>.git</c>, or outside of the repository.</summary>
    public string? ForbiddenPath { get; init; }

    /// <summary>The paths that it changed, relative.</summary>
    public IReadOnlyList<string> Changed { get; init; } = [];

    /// <summary>Anything may have changed: the next snapshot scans the work tree.</summary>
    public bool ChangedAnything { get; init; }

    /// <summary>The model says that it is done, with these words.</summary>
    public string? Finished { get; init; }
}
