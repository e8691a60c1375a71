using AiCoder.Core.Models;

namespace AiCoder.Core.Tools;

internal sealed class FinishTool : ITool
{
    public ToolDefinition Definition { get; } = new(
        "finish",
        "Say that the task is done, alone and last.",
        """{"type":"object","properties":{"summary":{"type":"string","description":"What was changed and why"}},"required":["summary"]}""");

    public Task<ToolResult> RunAsync(ToolArguments arguments, CancellationToken cancellationToken) =>
        Task.FromResult(new ToolResult("Done.") { Finished = arguments.Optional("summary") ?? "" });
}
