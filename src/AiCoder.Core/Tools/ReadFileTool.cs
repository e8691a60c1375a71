using System.Globalization;
using System.Text;
using AiCoder.Core.Models;

namespace AiCoder.Core.Tools;

internal sealed class ReadFileTool(WorkTreePaths paths) : ITool
{
    private const int MaxLines = 800;
    private const int MaxCharacters = 30_000;
    private const int MaxLineLength = 1_000;

    public ToolDefinition Definition { get; } = new(
        "read_file",
        "Read a text file with line numbers (number, tab, line), 800 lines at most.",
        """{"type":"object","properties":{"path":{"type":"string"},"start_line":{"type":"integer","description":"From 1"},"end_line":{"type":"integer","description":"Inclusive"}},"required":["path"]}""");

    public async Task<ToolResult> RunAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var path = paths.Resolve(arguments.Required("path"));
        var file = await WorkTreeFiles.ReadTextAsync(path, cancellationToken).ConfigureAwait(false);
        if (file.Text.Length == 0)
            return new($"{path.Relative} is empty.");

        var lines = new LineEndingView(file.Text).Text.Split('\n');
        var total = lines[^1].Length == 0 ? lines.Length - 1 : lines.Length;
        var start = Math.Max(arguments.Number("start_line") ?? 1, 1);
        var end = Math.Min(arguments.Number("end_line") is { } given and > 0 ? given : total, total);
        if (start > total)
            throw new ToolException($"{path.Relative} has only {total} lines.");
        if (end < start)
            throw new ToolException($"end_line ({end}) lies before start_line ({start}).");

        var text = new StringBuilder();
        var last = start - 1;
        for (; last < Math.Min(end, start - 1 + MaxLines) && text.Length < MaxCharacters; last++)
        {
            var line = lines[last];
            text.Append(CultureInfo.InvariantCulture, $"{last + 1}\t");
            text.Append(line.Length <= MaxLineLength
                ? line
                : string.Create(CultureInfo.InvariantCulture, $"{line[..MaxLineLength]}… ({line.Length} characters)")).Append('\n');
        }

        if (last < total || start > 1)
            text.Append(CultureInfo.InvariantCulture, $"(lines {start}-{last} of {total}{(last < total ? "; go on with start_line" : "")})\n");
        if (file.Describe() is { Length: > 0 } form)
            text.Append(CultureInfo.InvariantCulture, $"(file form: {form}; edits keep it)\n");
        return new(text.ToString().TrimEnd('\n'));
    }
}
