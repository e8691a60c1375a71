namespace AiCoder.Core.Git;

/// <summary>Which names a branch may have: the rules of git-check-ref-format(1), and nothing that looks like an option.</summary>
public static class BranchName
{
    private const string Forbidden = " ~^:?*[\\\u007f";

    /// <summary>Null where the name is usable, else a sentence that says why it is not.</summary>
    public static string? ProblemOf(string name)
    {
        if (name.Length is 0 or > 240)
            return "A branch's name has 1 to 240 characters.";
        if (name.StartsWith('-'))
            return $"The branch name '{name}' begins with '-', which git would take for an option.";
        if (name.Any(letter => char.IsControl(letter) || Forbidden.Contains(letter, StringComparison.Ordinal)))
            return "A branch's name holds no spaces, control characters or any of ~ ^ : ? * [ \\.";
        if (name is "@" or "HEAD" || name.Contains("..", StringComparison.Ordinal) || name.Contains("@{", StringComparison.Ordinal) || name.EndsWith('.'))
            return $"'{name}' is no branch name: it is '@' or 'HEAD', holds '..' or '@{{', or ends with a dot.";
        return name.Split('/').Any(part => part.Length == 0 || part.StartsWith('.') || part.EndsWith(".lock", StringComparison.Ordinal))
            ? $"'{name}' is no branch name: a part between slashes is empty, begins with a dot, or ends with '.lock'."
            : null;
    }
}
