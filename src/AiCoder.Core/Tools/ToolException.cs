namespace AiCoder.Core.Tools;

/// <summary>A call that could not be done, in words that let the model mend it. Never a failure of the task.</summary>
public sealed class ToolException(string message) : Exception(message)
{
    /// <summary>A path that the call was to change although the task may not; the task's result says so.</summary>
    public string? RefusedPath { get; init; }

    /// <summary>A place out of the tools' reach that the call named, <c>.git</c> or outside of the repository; the result says so too.</summary>
    public string? ForbiddenPath { get; init; }
}
