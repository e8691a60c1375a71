using System.Text.Json;
using AiCoder.Core.Models;
using AiCoder.Core.Tools;

namespace AiCoder.Core.Agent.TextForm;

/// <summary>The tools as a model is told of them in words.</summary>
internal static class TextToolPrompt
{
    /// <param name="tools">The tools.</param>
    /// <param name="key">The conversation's mark of results.</param>
    public static string Render(IReadOnlyList<ToolDefinition> tools, string key) =>
        Prompt.Render("text-calls.v1", ("tools", string.Join('\n', tools.Select(Describe))), ("key", key));

    private static string Describe(ToolDefinition tool)
    {
        var required = ToolSchema.Of(tool).Required;
        using var document = JsonDocument.Parse(tool.Parameters);
        var fields = document.RootElement.GetProperty("properties").EnumerateObject().Select(property =>
            property.Name
            + (property.Value.TryGetProperty("description", out var description) ? $" ({description.GetString()})"
                : property.Value.GetProperty("type").GetString() == "boolean" ? " (true or false)" : "")
            + (required.Contains(property.Name) ? "" : ", optional"));
        return $"- {tool.Name}: {tool.Description} Fields: {string.Join("; ", fields)}.";
    }
}
