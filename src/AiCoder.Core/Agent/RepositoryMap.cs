using System.Globalization;
using System.Text;
using LibGit2Sharp;

namespace AiCoder.Core.Agent;

/// <summary>
/// What a repository looks like, within a budget of characters: its languages, its tree, the heads of its key files. Made from a
/// commit's tree, so nothing that runs in the work tree meanwhile can show it something else.
/// </summary>
internal static class RepositoryMap
{
    private const int KeyFileLimit = 1_500;
    private const int ListedFiles = 40;

    private static readonly string[] KeyFiles =
    [
        "README.md", "README.rst", "README.txt", "README", "AGENTS.md", "CONTRIBUTING.md", "package.json", "pyproject.toml", "setup.cfg", "go.mod",
        "Cargo.toml", "pom.xml", "build.gradle", "build.gradle.kts", "CMakeLists.txt", "Makefile", "composer.json", "Gemfile", "global.json", "Directory.Build.props",
    ];

    private static readonly Dictionary<string, string> Languages = new(StringComparer.OrdinalIgnoreCase)
    {
        [".cs"] = "C#", [".fs"] = "F#", [".vb"] = "Visual Basic", [".js"] = "JavaScript", [".mjs"] = "JavaScript", [".cjs"] = "JavaScript", [".jsx"] = "JavaScript",
        [".ts"] = "TypeScript", [".tsx"] = "TypeScript", [".py"] = "Python", [".go"] = "Go", [".rs"] = "Rust", [".java"] = "Java", [".kt"] = "Kotlin", [".scala"] = "Scala",
        [".c"] = "C", [".h"] = "C/C++", [".cc"] = "C++", [".cpp"] = "C++", [".hpp"] = "C++", [".php"] = "PHP", [".rb"] = "Ruby", [".sh"] = "Shell", [".swift"] = "Swift",
        [".vue"] = "Vue", [".html"] = "HTML", [".css"] = "CSS", [".scss"] = "CSS", [".sql"] = "SQL", [".lua"] = "Lua", [".dart"] = "Dart", [".ex"] = "Elixir", [".exs"] = "Elixir",
    };

    /// <summary>The map as text.</summary>
    /// <param name="repository">Holds the tree's objects.</param>
    /// <param name="treeId">The tree.</param>
    /// <param name="intent">What the task is about; files whose names it mentions are listed first.</param>
    /// <param name="treeBudget">Characters for the tree.</param>
    /// <param name="keyBudget">Characters for the key files; 0: none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static string Render(Repository repository, string treeId, string intent, int treeBudget, int keyBudget, CancellationToken cancellationToken)
    {
        var root = repository.Lookup<Tree>(treeId) ?? throw new ArgumentException($"There is no tree {treeId}.", nameof(treeId));
        var folder = Read(root, "", cancellationToken);
        var text = new StringBuilder();
        AppendLanguages(text, folder);
        AppendMentioned(text, folder, intent);
        text.Append("\nTree:\n");
        AppendTree(text, folder, treeBudget);
        if (keyBudget > 0)
            AppendKeyFiles(text, root, keyBudget);
        return text.ToString().TrimEnd();
    }

    private static Folder Read(Tree tree, string name, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var folder = new Folder(name);
        foreach (var entry in tree)
        {
            if (entry.TargetType == TreeEntryTargetType.Tree)
                folder.Folders.Add(Read((Tree)entry.Target, entry.Name, cancellationToken));
            else if (entry.TargetType == TreeEntryTargetType.GitLink)
                folder.Files.Add(entry.Name + " (submodule)");
            else
                folder.Files.Add(entry.Name);
        }

        folder.Count = folder.Files.Count + folder.Folders.Sum(child => child.Count);
        return folder;
    }

    private static void AppendLanguages(StringBuilder text, Folder root)
    {
        var counts = new Dictionary<string, int>();
        Count(root);
        text.Append(CultureInfo.InvariantCulture, $"{root.Count} files");
        if (counts.Count > 0)
            text.Append("; languages: ").AppendJoin(", ", counts.OrderByDescending(pair => pair.Value).Take(6).Select(pair => $"{pair.Key} ({pair.Value})"));
        text.Append(".\n");

        void Count(Folder folder)
        {
            foreach (var file in folder.Files)
            {
                if (Languages.TryGetValue(Path.GetExtension(file), out var language))
                    counts[language] = counts.GetValueOrDefault(language) + 1;
            }

            folder.Folders.ForEach(Count);
        }
    }

    /// <summary>In a large repository the tree is cut; what the intent names is shown all the same.</summary>
    private static void AppendMentioned(StringBuilder text, Folder root, string intent)
    {
        if (root.Count <= ListedFiles)
            return;
        var words = Words(intent);
        if (words.Count == 0)
            return;
        var mentioned = new List<(int Score, string Path)>();
        Visit(root, "");
        if (mentioned.Count == 0)
            return;
        text.Append("\nFiles whose names the task mentions:\n");
        foreach (var (_, path) in mentioned.OrderByDescending(file => file.Score).ThenBy(file => file.Path.Length).Take(ListedFiles / 2))
            text.Append(path).Append('\n');

        void Visit(Folder folder, string prefix)
        {
            foreach (var file in folder.Files)
            {
                var stem = Path.GetFileNameWithoutExtension(file);
                var score = words.Contains(file) ? 3 : words.Contains(stem) ? 2 : words.Any(word => word.Length > 3 && stem.Contains(word, StringComparison.OrdinalIgnoreCase)) ? 1 : 0;
                if (score > 0)
                    mentioned.Add((score, prefix + file));
            }

            foreach (var child in folder.Folders)
                Visit(child, $"{prefix}{child.Name}/");
        }
    }

    private static HashSet<string> Words(string intent)
    {
        var words = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var word = new StringBuilder();
        foreach (var character in intent + " ")
        {
            if (char.IsAsciiLetterOrDigit(character) || character is '_' or '-' or '.')
            {
                word.Append(character);
                continue;
            }

            if (word.ToString().Trim('.') is { Length: > 2 } whole)
                words.Add(whole);
            word.Clear();
        }

        return words;
    }

    /// <summary>Level by level, so that a budget shows the whole top before any depth.</summary>
    private static void AppendTree(StringBuilder text, Folder root, int budget)
    {
        var open = new HashSet<Folder> { root };
        var left = budget - Cost(root, 0);
        var level = root.Folders.Select(child => (Folder: child, Depth: 1)).ToList();
        while (level.Count > 0)
        {
            var next = new List<(Folder Folder, int Depth)>();
            foreach (var (folder, depth) in level.OrderBy(entry => entry.Folder.Count))
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

        Append(root, 0);

        void Append(Folder folder, int depth)
        {
            foreach (var child in folder.Folders)
            {
                text.Append(' ', depth).Append(child.Name).Append('/');
                if (!open.Contains(child))
                {
                    text.Append(CultureInfo.InvariantCulture, $" ({child.Count} files)\n");
                    continue;
                }

                text.Append('\n');
                Append(child, depth + 1);
            }

            foreach (var file in folder.Files.Take(ListedFiles))
                text.Append(' ', depth).Append(file).Append('\n');
            if (folder.Files.Count > ListedFiles)
                text.Append(' ', depth).Append(CultureInfo.InvariantCulture, $"… {folder.Files.Count - ListedFiles} more files\n");
        }
    }

    private static int Cost(Folder folder, int depth) =>
        folder.Folders.Sum(child => child.Name.Length + depth + 16) + folder.Files.Take(ListedFiles).Sum(file => file.Length + depth + 1);

    private static void AppendKeyFiles(StringBuilder text, Tree root, int budget)
    {
        foreach (var name in KeyFiles)
        {
            if (budget <= 0 || root[name]?.Target is not Blob { IsBinary: false, Size: > 0 and < 1_000_000 } blob)
                continue;
            var content = blob.GetContentText().Trim();
            var limit = Math.Min(KeyFileLimit, budget);
            var shown = content.Length <= limit ? content : content[..limit] + "\n…";
            budget -= shown.Length;
            text.Append(CultureInfo.InvariantCulture, $"\n--- {name}\n{shown}\n");
        }
    }

    private sealed class Folder(string name)
    {
        public string Name { get; } = name;
        public List<Folder> Folders { get; } = [];
        public List<string> Files { get; } = [];
        public int Count { get; set; }
    }
}
