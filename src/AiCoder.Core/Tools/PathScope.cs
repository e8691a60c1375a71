using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Tools;

/// <summary>Which paths a task may change.</summary>
/// <param name="paths">Sub-directories, relative, with forward slashes; empty: the whole repository.</param>
/// <param name="allowCiChanges">Whether <see cref="ProtectedPaths"/> may be changed too.</param>
/// <param name="intent">What the task is to do: an instruction file of agents may be changed where it is named here.</param>
/// <param name="links">What protected paths lead to; null: there are no links.</param>
public sealed class PathScope(IReadOnlyList<string> paths, bool allowCiChanges, string intent = "", ProtectedLinks? links = null)
{
    private readonly ProtectedLinks _links = links ?? ProtectedLinks.None;
    private readonly string[] _folders = [.. paths.Select(path => path.Trim('/')).Where(path => path is not ("" or "."))];

    /// <summary>What a task's request allows in its repository.</summary>
    /// <param name="spec">The request.</param>
    /// <param name="workspace">Where the repository is.</param>
    /// <param name="baseTree">The base commit's tree, whose links count.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<PathScope> OfAsync(TaskSpec spec, Workspace workspace, string baseTree, CancellationToken cancellationToken)
    {
        var links = spec.AllowCiChanges ? null : new ProtectedLinks(await workspace.LinksAsync(baseTree, cancellationToken).ConfigureAwait(false));
        return new(spec.Paths, spec.AllowCiChanges, spec.Intent, links);
    }

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
        if (!allowCiChanges && ProtectionOf(path) is { } protection)
            return protection;
        return _folders.Length == 0 || _folders.Any(folder => path == folder || path.StartsWith(folder + "/", StringComparison.Ordinal))
            ? null
            : $"{path} is outside of what this task may change ({string.Join(", ", _folders)}).";
    }

    private string? ProtectionOf(string path)
    {
        List<ProtectedLink> to = [.. _links.To(path)], through = [.. _links.Through(path)];
        var settings = to.Concat(through).FirstOrDefault(link => !link.InstructsAgents);
        if (settings is not null || ProtectedPaths.Contains(path))
            return $"{path} configures continuous integration or an agent{By(settings)}, and this task was not allowed to change such files. Leave it as it is.";

        // Who asks for a link to be changed by its name means what it leads to.
        bool IsMeant(ProtectedLink link) => ProtectedPaths.IsInstructionFile(link.Path) && IsAskedFor(link.Path);
        var prose = ProtectedPaths.InstructsAgents(path) || to.Count > 0;
        if ((prose && !IsAskedFor(path) && !to.Exists(IsMeant)) || !through.TrueForAll(IsMeant))
            return $"{path} tells coding agents what to do{By(to.Concat(through).FirstOrDefault())}, and this task did not ask for it to be changed by name. Leave it as it is.";
        return null;

        static string By(ProtectedLink? link) => link is null ? "" : $" ({link.Path} leads there)";
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
