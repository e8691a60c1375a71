using System.Globalization;
using System.Text;
using AiCoder.Core.Models;

namespace AiCoder.Core.Tools;

internal sealed class ListFilesTool(WorkTreePaths paths, WorkTreeWalker walker) : ITool
{
    private const int DefaultDepth = 2;
    private const int MaxDepth = 10;
    private const int MaxEntries = 500;

    public ToolDefinition Definition { get; } = new(
        "list_files",
        "List a folder's files and sub-folders; ignored files are left out.",
        """{"type":"object","properties":{"path":{"type":"string","description":"Folder; default the root"},"depth":{"type":"integer","description":"Levels, 1-10; default 2"}}}""");

    public Task<ToolResult> RunAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var folder = paths.Resolve(arguments.Optional("path") is { Length: > 0 } path ? path : ".");
        if (!Directory.Exists(folder.Absolute))
            throw new ToolException(File.Exists(folder.Absolute)
                ? $"{folder.Relative} is a file; use read_file."
                : $"There is no folder {folder.Relative}. {WorkTreeFiles.Suggestion(folder)}");

        var depth = Math.Clamp(arguments.Number("depth") ?? DefaultDepth, 1, MaxDepth);
        var text = new StringBuilder();
        var left = MaxEntries;
        Append(text, folder, depth, 0, ref left, cancellationToken);
        if (text.Length == 0)
            text.Append("(empty)");
        if (left <= 0)
            text.Append(CultureInfo.InvariantCulture, $"… more than {MaxEntries} entries; list a sub-folder or use less depth.");
        return Task.FromResult(new ToolResult(text.ToString().TrimEnd('\n')));
    }

    private void Append(StringBuilder text, WorkTreePath folder, int depth, int level, ref int left, CancellationToken cancellationToken)
    {
        foreach (var entry in walker.List(folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (left-- <= 0)
                return;
            text.Append(' ', level * 2).Append(Path.GetFileName(entry.Path.Absolute));
            switch (entry.Kind)
            {
                case WorkTreeEntryKind.Folder when level + 1 < depth:
                    text.Append("/\n");
                    Append(text, entry.Path, depth, level + 1, ref left, cancellationToken);
                    break;
                case WorkTreeEntryKind.Folder:
                    text.Append(CultureInfo.InvariantCulture, $"/ ({walker.List(entry.Path).Count} entries)\n");
                    break;
                case WorkTreeEntryKind.Link:
                    text.Append(CultureInfo.InvariantCulture, $" -> {entry.LinkTarget}\n");
                    break;
                default:
                    text.Append('\n');
                    break;
            }
        }
    }
}
