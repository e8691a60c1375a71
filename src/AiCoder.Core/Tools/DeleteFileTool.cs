using AiCoder.Core.Models;

namespace AiCoder.Core.Tools;

internal sealed class DeleteFileTool(WorkTreePaths paths, PathScope scope) : ITool
{
    public ToolDefinition Definition { get; } = new(
        "delete_file",
        "Delete one file.",
        """{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]}""");

    public Task<ToolResult> RunAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var path = paths.ResolveEntry(arguments.Required("path"));
        scope.Require(path.Relative);
        var file = new FileInfo(path.Absolute);
        if (file.LinkTarget is null && Directory.Exists(path.Absolute))
            throw new ToolException($"{path.Relative} is a folder. Delete its files one by one, or use a command.");
        if (file.LinkTarget is null && !file.Exists)
            throw new ToolException($"There is no file {path.Relative}. {WorkTreeFiles.Suggestion(path)}");
        file.Delete();
        return Task.FromResult(new ToolResult($"Deleted {path.Relative}.") { Changed = [path.Relative] });
    }
}
