using AiCoder.Core.Models;

namespace AiCoder.Core.Tools;

internal sealed class MoveFileTool(WorkTreePaths paths, PathScope scope) : ITool
{
    public ToolDefinition Definition { get; } = new(
        "move_file",
        "Move or rename one file.",
        """{"type":"object","properties":{"from":{"type":"string"},"to":{"type":"string"}},"required":["from","to"]}""");

    public Task<ToolResult> RunAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var from = paths.ResolveEntry(arguments.Required("from"));
        var to = paths.ResolveEntry(arguments.Required("to"));
        scope.Require(from.Relative);
        scope.Require(to.Relative);
        var file = new FileInfo(from.Absolute);
        if (file.LinkTarget is null && Directory.Exists(from.Absolute))
            throw new ToolException($"{from.Relative} is a folder. Move its files one by one, or use a command.");
        if (file.LinkTarget is null && !file.Exists)
            throw new ToolException($"There is no file {from.Relative}. {WorkTreeFiles.Suggestion(from)}");
        if (Directory.Exists(to.Absolute) || new FileInfo(to.Absolute) is { Exists: true } or { LinkTarget: not null })
            throw new ToolException($"{to.Relative} is there already. Name the new file itself, or delete the old one first.");
        WorkTreeFiles.MakeFolder(to);
        file.MoveTo(to.Absolute);
        return Task.FromResult(new ToolResult($"Moved {from.Relative} to {to.Relative}.") { Changed = [from.Relative, to.Relative] });
    }
}
