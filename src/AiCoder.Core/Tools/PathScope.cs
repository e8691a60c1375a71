using AiCoder.Core.Tasks;

namespace AiCoder.Core.Tools;

/// <summary>Which paths a task may change.</summary>
/// <param name="paths">Sub-directories, relative, with forward slashes; empty: the whole repository.</param>
/// <param name="allowCiChanges">Whether <see cref="ProtectedPaths"/> may be changed too.</param>
/// <param name="intent">What the task is to do: an instruction file of agents may be changed where it is named here.</param>
public sealed class PathScope(IReadOnlyList<string> paths, bool allowCiChanges, string intent = "")
{
    private readonly string[] _folders = [.. paths.Select(path => path.Trim('/')).Where(path => path is not ("" or "."))];

    /// <summary>What a task's request allows.</summary>
    public static PathScope Of(TaskSpec spec) => new(spec.Paths, spec.AllowCiChanges, spec.Intent);

    /// <summary>Refuses a path that may not be changed.</summary>
    /// <exception cref="ToolException">It may not.</exception>
    public void Require(string path)
    {
        if (Refusal(path) is { } refusal)
            throw new ToolException(refusal) { RefusedPath = path };
    }

    /// <summary>Why the path may not be changed, in a sentence; null: it may.</summary>
    public string? Refusal(string path)
    {
        if (!allowCiChanges && ProtectedPaths.Contains(path))
            return $"{path} configures continuous integration or an agent, and this task was not allowed to change such files. Leave it as it is.";
        if (!allowCiChanges && ProtectedPaths.InstructsAgents(path) && !IsAskedFor(path))
            return $"{path} tells coding agents what to do, and this task did not ask for it to be changed by name. Leave it as it is.";
        return _folders.Length == 0 || _folders.Any(folder => path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal))
            ? null
            : $"{path} is outside of what this task may change ({string.Join(", ", _folders)}).";
    }

    // By name in what a person asked for: what the repository's text says asks for nothing.
    private bool IsAskedFor(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        for (var at = intent.IndexOf(name, StringComparison.OrdinalIgnoreCase); at >= 0; at = intent.IndexOf(name, at + 1, StringComparison.OrdinalIgnoreCase))
        {
            if (!IsPartOfName(at - 1) && !IsPartOfName(at + name.Length))
                return true;
        }

        return _folders.Contains(path);

        bool IsPartOfName(int index) => index >= 0 && index < intent.Length && (char.IsAsciiLetterOrDigit(intent[index]) || intent[index] is '_' or '-');
    }
}
