namespace AiCoder.Core.Tools;

/// <summary>Which paths a task may change.</summary>
/// <param name="paths">Sub-directories, relative, with forward slashes; empty: the whole repository.</param>
/// <param name="allowCiChanges">Whether <see cref="ProtectedPaths"/> may be changed too.</param>
public sealed class PathScope(IReadOnlyList<string> paths, bool allowCiChanges)
{
    private readonly string[] _folders = [.. paths.Select(path => path.Trim('/')).Where(path => path is not ("" or "."))];

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
        return _folders.Length == 0 || _folders.Any(folder => path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal))
            ? null
            : $"{path} is outside of what this task may change ({string.Join(", ", _folders)}).";
    }
}
