using System.Collections.Concurrent;
using System.Text.Json;
using AiCoder.Core.Models;

namespace AiCoder.Core.Tools;

/// <summary>The arguments that a tool's definition names, in its order.</summary>
/// <param name="Names">All of them.</param>
/// <param name="Required">Those that must be there.</param>
internal sealed record ToolSchema(IReadOnlyList<string> Names, IReadOnlyList<string> Required)
{
    private static readonly ConcurrentDictionary<string, ToolSchema> Known = new(StringComparer.Ordinal);

    public static ToolSchema Of(ToolDefinition tool) => Known.GetOrAdd(tool.Parameters, Read);

    private static ToolSchema Read(string parameters)
    {
        using var document = JsonDocument.Parse(parameters);
        var root = document.RootElement;
        return new(
            [.. root.GetProperty("properties").EnumerateObject().Select(property => property.Name)],
            root.TryGetProperty("required", out var required) ? [.. required.EnumerateArray().Select(name => name.GetString()!)] : []);
    }
}
