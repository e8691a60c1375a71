using System.Globalization;
using System.Text;
using AiCoder.Core.Models;

namespace AiCoder.Core.Tools;

internal sealed class ListFilesTool(WorkTreePaths paths, WorkTreeWalker walker, TimeProvider time) : ITool
{
    private const int DefaultDepth = 2;
    private const int MaxDepth = 10;
    private const int MaxEntries = 500;
    private const int MaxCounted = 1_000;
    private const int MaxCharacters = 20_000;
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

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
        var started = time.GetTimestamp();
        var cut = Append(text, folder, depth, 0, started, ref left, cancellationToken);
        if (text.Length == 0 && cut is null)
            text.Append("(empty)");
        if (cut is not null)
            text.Append(CultureInfo.InvariantCulture, $"… {cut}; list a sub-folder or use less depth.");
        return Task.FromResult(new ToolResult(text.ToString().TrimEnd('\n')));
    }

    /// <returns>Why the list is not whole; null: it is.</returns>
    private string? Append(StringBuilder text, WorkTreePath folder, int depth, int level, long started, ref int left, CancellationToken cancellationToken)
    {
        foreach (var entry in walker.List(folder))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (left-- <= 0)
                return string.Create(CultureInfo.InvariantCulture, $"more than {MaxEntries} entries");
            if (text.Length >= MaxCharacters)
                return string.Create(CultureInfo.InvariantCulture, $"more than {MaxCharacters} characters");
            if (time.GetElapsedTime(started) > Bound)
                return $"stopped after {Bound.TotalSeconds} seconds";
            text.Append(' ', level * 2).Append(Path.GetFileName(entry.Path.Absolute));
            switch (entry.Kind)
            {
                case WorkTreeEntryKind.Folder when level + 1 < depth:
                    text.Append("/\n");
                    if (Append(text, entry.Path, depth, level + 1, started, ref left, cancellationToken) is { } cut)
                        return cut;
                    break;
                case WorkTreeEntryKind.Folder:
                    var count = walker.List(entry.Path).Take(MaxCounted).Count();
                    text.Append(CultureInfo.InvariantCulture, $"/ ({count}{(count < MaxCounted ? "" : " or more")} entries)\n");
                    break;
                case WorkTreeEntryKind.Link:
                    text.Append(CultureInfo.InvariantCulture, $" -> {entry.LinkTarget}\n");
                    break;
                default:
                    text.Append('\n');
                    break;
            }
        }

        return null;
    }
}
