using System.Globalization;
using System.Text;
using LibGit2Sharp;

namespace AiCoder.Core.Agent.Context;

/// <summary>
/// What a repository says to those who work in it: AGENTS.md and CONTRIBUTING.md of its root, and the nearest AGENTS.md of each folder
/// that the task may change. Quoted as data: each line is marked, so nothing that stands in a file can end the quote.
/// </summary>
internal static class ProjectInstructions
{
    private const int LeastRoom = 200;
    private const string Agents = "AGENTS.md";
    private const string Contributing = "CONTRIBUTING.md";

    /// <summary>The quotes; empty where the repository has no such files.</summary>
    /// <param name="root">The base commit's tree.</param>
    /// <param name="paths">The folders that the task may change; empty: all.</param>
    /// <param name="budget">The size of them all (<see cref="ContextBudget.SizeOf"/>).</param>
    public static string Render(Tree root, IReadOnlyList<string> paths, int budget)
    {
        var files = Files(root, paths).DistinctBy(file => file.Path).ToList();
        var text = new StringBuilder();
        for (var index = 0; index < files.Count; index++)
        {
            var (path, content) = files[index];
            var heading = $"{path}:\n";
            // What a short file leaves of its share, those after it have.
            var room = ((budget - ContextBudget.SizeOf(text.ToString())) / (files.Count - index)) - ContextBudget.SizeOf(heading);
            if (room < LeastRoom)
                break;
            text.Append(heading).Append(Quote(content, room)).Append("\n\n");
        }

        return text.ToString().TrimEnd();
    }

    private static IEnumerable<(string Path, string Content)> Files(Tree root, IReadOnlyList<string> paths)
    {
        foreach (var folder in paths.Select(Parts))
        {
            // From the folder upwards; the root's own comes for every task.
            for (var depth = folder.Length; depth > 0; depth--)
            {
                if (Find(root, string.Join('/', folder[..depth]), Agents) is not { } nearest)
                    continue;
                yield return nearest;
                break;
            }
        }

        if (Find(root, "", Agents) is { } agents)
            yield return agents;
        if (Find(root, "", Contributing) is { } contributing)
            yield return contributing;
    }

    private static string[] Parts(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != ".").ToArray();

    private static (string Path, string Content)? Find(Tree root, string folder, string name)
    {
        var tree = folder.Length == 0 ? root : root[folder]?.Target as Tree;
        var entry = tree?[name] ?? tree?.FirstOrDefault(candidate => candidate.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        if (entry is null)
            return null;
        var path = folder.Length == 0 ? entry.Name : $"{folder}/{entry.Name}";
        // Many repositories keep one file and link the other names to it.
        if (entry is { Mode: Mode.SymbolicLink, Target: Blob { Size: < 1_000 } link })
            entry = link.GetContentText().Trim() is { Length: > 0 } target && !Path.IsPathRooted(target) && Parts(target).All(part => part != "..") ? tree![string.Join('/', Parts(target))] : null;
        return entry is { Mode: not Mode.SymbolicLink, Target: Blob blob } && BlobText.Read(blob) is { } text ? (path, text) : null;
    }

    private static string Quote(string content, int room)
    {
        // What a terminal or a model may take for a line's end ends the line here too.
        var lines = string.Concat(content.ReplaceLineEndings("\n").Select(character => character is '\v' or '\u001C' or '\u001D' or '\u001E' ? '\n' : character))
            .Split('\n').Select(line => $"> {line}".TrimEnd());
        var whole = string.Join('\n', lines);
        if (ContextBudget.SizeOf(whole) <= room)
            return whole;
        // The cut falls inside lines, and its own note stands on a line without the mark: all but that note is marked again.
        var note = string.Create(CultureInfo.InvariantCulture, $"> [… cut; the whole file has {content.Length} characters: read_file shows it …]");
        var (head, tail) = HeadAndTail(whole, room - ContextBudget.SizeOf(note) - 4);
        return $"{head}\n{note}\n{tail}".Trim('\n');
    }

    /// <summary>Whole lines from the beginning and the end, two to one: what a file begins with it means most.</summary>
    private static (string Head, string Tail) HeadAndTail(string text, int room)
    {
        var lines = text.Split('\n').Select(line => ContextBudget.Cut(line, room / 3).ReplaceLineEndings(" ")).ToList();
        var (head, left) = (new List<string>(), room * 2 / 3);
        foreach (var line in lines.TakeWhile(line => (left -= ContextBudget.SizeOf(line) + 2) >= 0))
            head.Add(line);
        var (tail, rest) = (new List<string>(), room / 3);
        foreach (var line in lines.Skip(head.Count).Reverse().TakeWhile(line => (rest -= ContextBudget.SizeOf(line) + 2) >= 0))
            tail.Insert(0, line);
        return (string.Join('\n', head), string.Join('\n', tail));
    }
}
