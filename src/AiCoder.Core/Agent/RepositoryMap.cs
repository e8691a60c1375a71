using System.Globalization;
using System.Text;
using AiCoder.Core.Agent.Context;
using LibGit2Sharp;

namespace AiCoder.Core.Agent;

/// <summary>
/// What a repository looks like, within a budget: its languages, its tree, the definitions that matter to the task, the heads of its
/// key files. Made from a commit's tree, so nothing that runs in the work tree meanwhile can show it something else; the same tree and
/// task give the same map.
/// </summary>
internal static class RepositoryMap
{
    private const int KeyFileLimit = 1_500;
    private const int ListedFiles = 40;
    private const int ListedFolders = 100;
    private const int MentionedFiles = 20;
    private const int SymbolsOfFile = 12;
    private const int MentionedShare = 4;

    private static readonly string[] KeyFiles =
    [
        "README.md", "README.rst", "README.txt", "README", "package.json", "pyproject.toml", "setup.cfg", "go.mod",
        "Cargo.toml", "pom.xml", "build.gradle", "build.gradle.kts", "CMakeLists.txt", "Makefile", "composer.json", "Gemfile", "global.json", "Directory.Build.props",
    ];

    /// <summary>The map as text.</summary>
    /// <param name="repository">Holds the tree's objects.</param>
    /// <param name="treeId">The tree.</param>
    /// <param name="about">What the task is about; files and definitions that it speaks of come first.</param>
    /// <param name="paths">The folders that the task may change; empty: all.</param>
    /// <param name="budgetFor">The budget for a repository of so many files.</param>
    /// <param name="budget">The one that was used.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static string Render(Repository repository, string treeId, string about, IReadOnlyList<string> paths, Func<int, ContextBudget> budgetFor, out ContextBudget budget, CancellationToken cancellationToken)
    {
        var root = repository.Lookup<Tree>(treeId) ?? throw new ArgumentException($"There is no tree {treeId}.", nameof(treeId));
        var folder = MapFolder.Read(root, cancellationToken);
        var words = new IntentWords(about);
        budget = budgetFor(folder.Count);
        var text = new StringBuilder();
        AppendLanguages(text, folder);
        AppendMentioned(text, folder, words, budget.Tree / MentionedShare);
        MarkWanted(folder, paths);
        AppendTree(text, folder, budget.Tree);
        AppendSymbols(text, SymbolIndex.Read(repository, root, folder, words, paths, cancellationToken), budget.Symbols);
        if (budget.KeyFiles > 0)
            AppendKeyFiles(text, root, budget.KeyFiles);
        return text.ToString().TrimEnd();
    }

    private static void AppendLanguages(StringBuilder text, MapFolder root)
    {
        var languages = root.OwnFiles().Select(own => SourceLanguage.Of(own.File.Name)?.Name).OfType<string>()
            .CountBy(language => language, StringComparer.Ordinal).OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key, StringComparer.Ordinal).Take(6).ToList();
        text.Append(CultureInfo.InvariantCulture, $"{root.Count} files");
        if (languages.Count > 0)
            text.Append("; languages: ").AppendJoin(", ", languages.Select(pair => $"{pair.Key} ({pair.Value})"));
        text.Append(".\n");
    }

    /// <summary>In a large repository the tree is cut; what the task names is shown all the same.</summary>
    private static void AppendMentioned(StringBuilder text, MapFolder root, IntentWords words, int budget)
    {
        if (root.Count <= ListedFiles)
            return;
        var mentioned = root.OwnFiles().Select(own => (Score: words.MentionOf(own.File.Name), own.Folder, own.File)).Where(file => file.Score > 0).ToList();
        if (mentioned.Count == 0)
            return;
        foreach (var (_, folder, _) in mentioned.Where(file => file.Score > 1))
            folder.Wanted = true;
        text.Append("\nFiles whose names the task mentions:\n");
        foreach (var path in mentioned.Select(file => (file.Score, Path: file.Folder.Child(file.File.Name)))
            .OrderByDescending(file => file.Score).ThenBy(file => file.Path.Length).ThenBy(file => file.Path, StringComparer.Ordinal).Select(file => Line(file.Path)).Take(MentionedFiles))
        {
            if ((budget -= ContextBudget.SizeOf(path) + 2) < 0)
                break;
            text.Append(path).Append('\n');
        }
    }

    private static void MarkWanted(MapFolder root, IReadOnlyList<string> paths)
    {
        foreach (var path in paths)
        {
            var folder = root;
            foreach (var part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
            {
                if (folder.Folders.Find(child => child.Name == part) is not { } next)
                    break;
                (folder, next.Wanted) = (next, true);
            }
        }

        Visit(root);

        // What leads to something wanted is wanted.
        static void Visit(MapFolder folder)
        {
            folder.Folders.ForEach(Visit);
            folder.Wanted |= folder.Folders.Exists(child => child.Wanted);
        }
    }

    /// <summary>Level by level, so that a budget shows the whole top before any depth.</summary>
    private static void AppendTree(StringBuilder text, MapFolder root, int budget)
    {
        var open = new HashSet<MapFolder> { root };
        var left = budget - Cost(root, 0);
        var level = root.Folders.Select(child => (Folder: child, Depth: 1)).ToList();
        while (level.Count > 0)
        {
            var next = new List<(MapFolder Folder, int Depth)>();
            foreach (var (folder, depth) in level.Where(entry => !entry.Folder.Foreign).OrderByDescending(entry => entry.Folder.Wanted).ThenBy(entry => entry.Folder.Count))
            {
                var cost = Cost(folder, depth);
                if (cost > left)
                    continue;
                left -= cost;
                open.Add(folder);
                next.AddRange(folder.Folders.Select(child => (child, depth + 1)));
            }

            level = next;
        }

        var lines = new List<string>();
        Append(root, 0);
        text.Append("\nTree:\n");
        // The root is always open, whatever it costs.
        foreach (var line in lines)
        {
            if ((budget -= ContextBudget.SizeOf(line) + 2) < 0)
            {
                text.Append("…\n");
                break;
            }

            text.Append(line).Append('\n');
        }

        void Append(MapFolder folder, int depth)
        {
            var indent = new string(' ', depth);
            foreach (var child in folder.Folders.Take(ListedFolders))
            {
                var name = $"{indent}{Line(child.Name)}/";
                lines.Add(open.Contains(child) ? name : string.Create(CultureInfo.InvariantCulture, $"{name} ({child.Count} files)"));
                if (open.Contains(child))
                    Append(child, depth + 1);
            }

            if (folder.Folders.Count > ListedFolders)
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"{indent}… {folder.Folders.Count - ListedFolders} more folders"));
            lines.AddRange(folder.Files.Take(ListedFiles).Select(file => indent + Line(file.Name)));
            if (folder.Files.Count > ListedFiles)
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"{indent}… {folder.Files.Count - ListedFiles} more files"));
        }
    }

    private static int Cost(MapFolder folder, int depth) =>
        folder.Folders.Take(ListedFolders).Sum(child => ContextBudget.SizeOf(child.Name) + depth + 16)
        + folder.Files.Take(ListedFiles).Sum(file => ContextBudget.SizeOf(file.Name) + depth + 2);

    private static void AppendSymbols(StringBuilder text, SymbolIndex index, int budget)
    {
        var chosen = new Dictionary<string, List<RankedSymbol>>(StringComparer.Ordinal);
        foreach (var symbol in index.Ranked())
        {
            var known = chosen.TryGetValue(symbol.Path, out var symbols);
            if (symbols is { Count: >= SymbolsOfFile } || (symbols?.Exists(other => other.Name == symbol.Name) ?? false))
                continue;
            var cost = ContextBudget.SizeOf(Shown(symbol)) + 2 + (known ? 0 : ContextBudget.SizeOf(symbol.Path) + 2);
            if (cost > budget)
                break;
            budget -= cost;
            (symbols ?? (chosen[symbol.Path] = [])).Add(symbol);
        }

        if (chosen.Count == 0)
            return;
        text.Append("\nDefinitions (name:line) that seem to matter most:\n");
        foreach (var (path, symbols) in chosen)
            text.Append(Line(path)).Append(": ").AppendJoin(", ", symbols.OrderBy(symbol => symbol.Line).Select(Shown)).Append('\n');
        if (index.FilesLeft > 0)
            text.Append(CultureInfo.InvariantCulture, $"({index.FilesLeft} source files were not looked at; use search.)\n");

        static string Shown(RankedSymbol symbol) =>
            string.Create(CultureInfo.InvariantCulture, $"{(symbol.Kind is null ? "" : symbol.Kind + " ")}{symbol.Name}:{symbol.Line}");
    }

    private static void AppendKeyFiles(StringBuilder text, Tree root, int budget)
    {
        foreach (var name in KeyFiles)
        {
            var entry = root[name];
            if (entry is null || entry.Mode == Mode.SymbolicLink || entry.Target is not Blob blob || BlobText.Read(blob)?.ReplaceLineEndings("\n") is not { } content)
                continue;
            var heading = $"\n--- {name}\n";
            var shown = ContextBudget.Cut(content, Math.Min(KeyFileLimit, budget - ContextBudget.SizeOf(heading)));
            if (shown.Length == 0)
                break;
            budget -= ContextBudget.SizeOf(heading) + ContextBudget.SizeOf(shown);
            text.Append(heading).Append(shown).Append('\n');
        }
    }

    // A name may hold line ends, and is then no line of the map.
    private static string Line(string name) => name.ReplaceLineEndings("?");
}
