using System.Collections.Concurrent;
using System.Reflection;

namespace AiCoder.Core.Agent;

/// <summary>
/// The words for the model. Each stands in a file of its own with its version in the name; a text that was used by a task is not
/// changed any more, a new version is added.
/// </summary>
internal static class Prompt
{
    private static readonly ConcurrentDictionary<string, string> Texts = new();

    /// <summary>A prompt with its placeholders (<c>{{name}}</c>) filled in.</summary>
    /// <param name="name">The file's name without its ending, such as <c>code.v1</c>.</param>
    /// <param name="values">What to fill in.</param>
    public static string Render(string name, params (string Name, string Value)[] values)
    {
        var text = Texts.GetOrAdd(name, Read);
        var result = new System.Text.StringBuilder();
        var at = 0;
        // One pass, so that what is filled in is never taken for a placeholder.
        for (var open = text.IndexOf("{{", StringComparison.Ordinal); open >= 0; open = text.IndexOf("{{", at, StringComparison.Ordinal))
        {
            var close = text.IndexOf("}}", open, StringComparison.Ordinal);
            var placeholder = text[(open + 2)..close];
            result.Append(text, at, open - at).Append(values.First(value => value.Name == placeholder).Value);
            at = close + 2;
        }

        return result.Append(text, at, text.Length - at).ToString().Trim();
    }

    private static string Read(string name)
    {
        var resource = $"{typeof(Prompt).Namespace}.Prompts.{name}.md";
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(resource)
            ?? throw new ArgumentException($"There is no prompt '{name}'.", nameof(name));
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
