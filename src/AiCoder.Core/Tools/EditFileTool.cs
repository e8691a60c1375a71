using System.Globalization;
using AiCoder.Core.Models;

namespace AiCoder.Core.Tools;

internal sealed class EditFileTool(WorkTreePaths paths, PathScope scope, GuardedWriter writer) : ITool
{
    private const string Advice =
        "Mend new_text and call edit_file again: each edit has to leave the file whole, so quote in old_text all of the statement or block that changes.";

    public ToolDefinition Definition { get; } = new(
        "edit_file",
        "Replace old_text, quoted exactly from the file and found in one place only, with new_text.",
        """{"type":"object","properties":{"path":{"type":"string"},"old_text":{"type":"string"},"new_text":{"type":"string"},"replace_all":{"type":"boolean"}},"required":["path","old_text","new_text"]}""");

    public async Task<ToolResult> RunAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var path = paths.Resolve(arguments.Required("path"));
        var oldText = arguments.Required("old_text");
        var newText = arguments.Required("new_text");
        scope.Require(path.Relative);

        var file = await WorkTreeFiles.ReadTextAsync(path, cancellationToken).ConfigureAwait(false);
        var edit = TextEdit.Apply(file, oldText, newText, arguments.Flag("replace_all"));
        var remark = await writer.WriteAsync(path, file, file, edit.Text, Advice, cancellationToken).ConfigureAwait(false);
        return new($"Edited {path.Relative} {Places(edit)}.{Remark(edit.Level)}{remark}") { Changed = [path.Relative] };
    }

    private static string Places(TextEditResult edit) => edit.Count == 1
        ? string.Create(CultureInfo.InvariantCulture, $"at line {edit.Line}")
        : string.Create(CultureInfo.InvariantCulture, $"in {edit.Count} places");

    private static string Remark(MatchLevel level) => level switch
    {
        MatchLevel.TrailingSpace => " (It was found with other trailing spaces.)",
        MatchLevel.Indentation => " (It was found with another indentation, which was kept.)",
        MatchLevel.Punctuation => " (It was found with other punctuation characters.)",
        _ => "",
    };
}
