using AiCoder.Core.Models;

namespace AiCoder.Core.Tools;

/// <summary>
/// Which tool a model means that calls one by a name of its own. A call is taken for ours only where its name is known and its
/// arguments are exactly ours; otherwise the model is told what there is.
/// </summary>
internal static class ToolNames
{
    // Names of the same things in agents that models were trained on.
    private static readonly Dictionary<string, string> Aliases = new(StringComparer.Ordinal)
    {
        ["bash"] = "run_command", ["shell"] = "run_command", ["sh"] = "run_command", ["terminal"] = "run_command", ["execute_command"] = "run_command",
        ["run_shell_command"] = "run_command", ["run_terminal_cmd"] = "run_command", ["execute"] = "run_command", ["exec"] = "run_command",
        ["str_replace"] = "edit_file", ["str_replace_editor"] = "edit_file", ["replace"] = "edit_file", ["edit"] = "edit_file", ["replace_in_file"] = "edit_file", ["apply_diff"] = "edit_file",
        ["create_file"] = "write_file", ["create"] = "write_file", ["write"] = "write_file", ["write_to_file"] = "write_file", ["save_file"] = "write_file",
        ["read"] = "read_file", ["view"] = "read_file", ["view_file"] = "read_file", ["open_file"] = "read_file", ["cat"] = "read_file",
        ["grep"] = "search", ["grep_search"] = "search", ["search_files"] = "search", ["search_file_content"] = "search", ["find"] = "search",
        ["ls"] = "list_files", ["list"] = "list_files", ["list_dir"] = "list_files", ["list_directory"] = "list_files", ["glob"] = "list_files",
        ["remove_file"] = "delete_file", ["delete"] = "delete_file", ["rm"] = "delete_file",
        ["rename_file"] = "move_file", ["rename"] = "move_file", ["move"] = "move_file", ["mv"] = "move_file",
        ["done"] = "finish", ["complete"] = "finish", ["submit"] = "finish", ["attempt_completion"] = "finish", ["task_done"] = "finish",
    };

    /// <summary>The name of the tool that a call is run as; its own where it is none of ours.</summary>
    public static string Resolve(ToolCall call, IReadOnlyList<ToolDefinition> tools)
    {
        if (tools.Any(tool => tool.Name == call.Name) || Known(call.Name, tools) is not { } known)
            return call.Name;
        var names = Arguments(call);
        var schema = ToolSchema.Of(known);
        return names is not null && names.All(schema.Names.Contains) && schema.Required.All(names.Contains) ? known.Name : call.Name;
    }

    /// <summary>What a model is told that called a tool that there is not.</summary>
    public static string Advice(string name, IReadOnlyList<ToolDefinition> tools)
    {
        var meant = Known(name, tools) ?? Nearest(name, tools);
        var advice = meant is null ? "" : $" Did you mean {meant.Name}, with {string.Join(", ", ToolSchema.Of(meant).Names)}?";
        return $"There is no tool '{name}'. The tools are {string.Join(", ", tools.Select(tool => tool.Name))}.{advice}";
    }

    private static ToolDefinition? Known(string name, IReadOnlyList<ToolDefinition> tools)
    {
        // "functions.read_file", "Read-File": the name in other clothes.
        var bare = name[(name.LastIndexOfAny(['.', ':', '/']) + 1)..].Trim().TrimEnd('(', ')').Replace('-', '_').Replace(' ', '_').ToLowerInvariant();
        var known = Aliases.GetValueOrDefault(bare, bare);
        return tools.FirstOrDefault(tool => tool.Name == known);
    }

    private static List<string>? Arguments(ToolCall call)
    {
        try
        {
            return [.. ToolArguments.Parse(call.Arguments).Names];
        }
        catch (ToolException)
        {
            return null;
        }
    }

    private static ToolDefinition? Nearest(string name, IReadOnlyList<ToolDefinition> tools)
    {
        var nearest = tools.MinBy(tool => Distance(name, tool.Name))!;
        return Distance(name, nearest.Name) <= Math.Max(2, nearest.Name.Length / 3) ? nearest : null;
    }

    /// <summary>Letters to put in, take out or change (Levenshtein).</summary>
    private static int Distance(string from, string to)
    {
        if (from.Length > 64)
            return from.Length;
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (from[i - 1] == to[j - 1] ? 0 : 1)));
        }

        return row[^1];
    }
}
