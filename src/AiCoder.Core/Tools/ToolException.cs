namespace AiCoder.Core.Tools;

/// <summary>A call that could not be done, in words that let the model mend it. Never a failure of the task.</summary>
public sealed class ToolException(string message) : Exception(message);
