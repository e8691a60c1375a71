namespace AiCoder.Core.Tools;

/// <summary>
/// What protected paths lead to by the repository's own symbolic links: with <c>.claude -> tools/claude</c>, a change in
/// <c>tools/claude</c> is one of the agent's settings. The links are those of the task's base: none that the task makes counts, and
/// at a protected path it may make none.
/// </summary>
public sealed class ProtectedLinks
{
    // No system follows more of them for one path.
    private const int MaxLinks = 40;

    private readonly IReadOnlyDictionary<string, string> _links;
    private readonly Dictionary<string, HashSet<ProtectedLink>> _places = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, HashSet<ProtectedLink>> _through = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="links">The links of the base: path, and where it says to go; both with forward slashes.</param>
    public ProtectedLinks(IReadOnlyDictionary<string, string> links)
    {
        _links = links;
        // Each round finds what one link more leads to, on the way from a protected path.
        var grew = true;
        for (var round = 0; grew && round < MaxLinks; round++)
        {
            grew = false;
            foreach (var (path, target) in links)
                grew |= Follow(path, target);
        }
    }

    /// <summary>Where there are none.</summary>
    public static ProtectedLinks None { get; } = new(new Dictionary<string, string>());

    /// <summary>The protected links on whose way a folder or link is. In its place, another link would lead them elsewhere.</summary>
    /// <param name="path">Relative, with forward slashes.</param>
    public IEnumerable<ProtectedLink> Through(string path) => _through.TryGetValue(path, out var links) ? links : [];

    /// <summary>The protected links that lead to a path, or to a folder it lies in.</summary>
    /// <param name="path">Relative, with forward slashes.</param>
    public IEnumerable<ProtectedLink> To(string path)
    {
        for (var place = path; ; place = place.LastIndexOf('/') is > 0 and var slash ? place[..slash] : "")
        {
            if (_places.TryGetValue(place, out var links))
            {
                foreach (var link in links)
                    yield return link;
            }

            if (place.Length == 0)
                yield break;
        }
    }

    private bool Follow(string path, string target)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        var reasons = To(path).Select(link => link.InstructsAgents).ToHashSet();
        if (ProtectedPaths.Holds(path))
            reasons.Add(false);
        if (ProtectedPaths.InstructsAgents(path))
            reasons.Add(true);
        // A folder such as .github is protected in part only.
        (string Below, bool InstructsAgents)[] aims = [.. ProtectedPaths.Within(name), .. reasons.Select(reason => ("", reason))];

        var grew = false;
        foreach (var (below, instructsAgents) in aims)
        {
            var link = new ProtectedLink(path, instructsAgents);
            var (place, crossed) = Walk(path, target, below);
            foreach (var other in crossed)
                Into(_through, other, link);
            grew |= place is not null && Add(place, link);
        }

        return grew;
    }

    /// <summary>Where a link leads, null where that is outside or nowhere, and on the way the other links, and the folders that it steps out of.</summary>
    private (string? Place, List<string> Crossed) Walk(string path, string target, string below)
    {
        var crossed = new List<string>();
        var walked = new List<string>(path.Split('/')[..^1]);
        var pending = new Stack<string>();
        if (below.Length > 0)
            pending.Push(below);
        Push(target);
        if (target.StartsWith('/'))
            return (null, crossed);
        var followed = 1;
        while (pending.TryPop(out var component))
        {
            if (component is "" or ".")
                continue;
            if (component == "..")
            {
                if (walked.Count == 0)
                    return (null, crossed);
                crossed.Add(string.Join('/', walked));
                walked.RemoveAt(walked.Count - 1);
                continue;
            }

            walked.Add(component);
            var place = string.Join('/', walked);
            if (!_links.TryGetValue(place, out var next))
                continue;
            crossed.Add(place);
            if (next.StartsWith('/') || ++followed >= MaxLinks)
                return (null, crossed);
            walked.RemoveAt(walked.Count - 1);
            Push(next);
        }

        return (string.Join('/', walked), crossed);

        void Push(string components)
        {
            foreach (var component in components.Split('/').Reverse())
                pending.Push(component);
        }
    }

    private bool Add(string place, ProtectedLink link)
    {
        if (!Into(_places, place, link))
            return false;
        for (var slash = place.LastIndexOf('/'); slash > 0; slash = place.LastIndexOf('/', slash - 1))
            Into(_through, place[..slash], link);
        return true;
    }

    private static bool Into(Dictionary<string, HashSet<ProtectedLink>> places, string place, ProtectedLink link)
    {
        if (!places.TryGetValue(place, out var links))
            places[place] = links = [];
        return links.Add(link);
    }
}

/// <summary>A link whose target is protected.</summary>
/// <param name="Path">Where it stands.</param>
/// <param name="InstructsAgents">Only as prose that tells agents what to do, which a request may ask for by name.</param>
public sealed record ProtectedLink(string Path, bool InstructsAgents);
