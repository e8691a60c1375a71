using System.Globalization;
using AiCoder.Core.Models;

namespace AiCoder.Core.Tools;

internal sealed class WriteFileTool(WorkTreePaths paths, PathScope scope, GuardedWriter writer) : ITool
{
    private const string Advice = "Mend the content and call write_file again, with the whole file.";

    public ToolDefinition Definition { get; } = new(
        "write_file",
        "Write a whole file, new or in place of the old one. For a change in a long file use edit_file.",
        """{"type":"object","properties":{"path":{"type":"string"},"content":{"type":"string"}},"required":["path","content"]}""");

    public async Task<ToolResult> RunAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var path = paths.Resolve(arguments.Required("path"));
        var content = arguments.Required("content");
        if (path.Relative == ".")
            throw new ToolException("The path names no file.");
        scope.Require(path.Relative);

        var existing = File.Exists(path.Absolute)
            ? await WorkTreeFiles.ReadTextAsync(path, cancellationToken).ConfigureAwait(false)
            : null;
        var text = existing is { Text.Length: > 0 } ? TextEdit.Rewrite(existing, content) : content;
        var remark = await writer.WriteAsync(path, existing, existing ?? TextFile.New(), text, Advice, cancellationToken).ConfigureAwait(false);
        var lines = content.AsSpan().Count('\n') + (content.Length == 0 || content.EndsWith('\n') ? 0 : 1);
        return new(string.Create(CultureInfo.InvariantCulture, $"{(existing is null ? "Created" : "Wrote")} {path.Relative} ({lines} lines).{remark}"))
        {
            Changed = [path.Relative],
        };
    }
}
