using AiCoder.Core.Models;

namespace AiCoder.Core.Tools;

/// <summary>Something the model may do.</summary>
internal interface ITool
{
    /// <summary>What the model is told of it.</summary>
    ToolDefinition Definition { get; }

    /// <summary>Does it.</summary>
    /// <exception cref="ToolException">The call is wrong; the message is the answer.</exception>
    Task<ToolResult> RunAsync(ToolArguments arguments, CancellationToken cancellationToken);
}
