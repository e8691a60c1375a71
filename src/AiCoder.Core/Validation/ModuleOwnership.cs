using System.Text.Json;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Validation;

/// <summary>
/// Tells a module of the repository, whose absence is an error in the code, from a package that is merely not installed.
/// </summary>
internal sealed class ModuleOwnership(string workTree, IReadOnlyList<Change> changes)
{
    private static readonly string[] Manifests =
    [
        "requirements*.txt", "pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "package.json", "Gemfile", "*.gemspec", "go.mod", "CMakeLists.txt",
    ];

    private readonly Lazy<IReadOnlyList<string>> _files = new(() => RepositoryFiles.Under(workTree, 20_000));

    /// <summary>Whether the module is the repository's own: it is there elsewhere, was deleted, or is named by a path.</summary>
    public bool IsOwn(MissingModule module) => module.Kind switch
    {
        ModuleKind.Python => HasPython(module.Name.Split('.')[0]),
        ModuleKind.Node => IsOwnNode(module.Name),
        ModuleKind.Header => Paths().Any(path => Path.GetFileName(path) == Path.GetFileName(module.Name)),
        ModuleKind.Ruby => Paths().Any(path => path.EndsWith(module.Name + ".rb", StringComparison.Ordinal)) || module.Name.StartsWith('/') || module.Name.StartsWith('.'),
        _ => Read("go.mod").Any(text => text.Split('\n')[0].Split(' ') is [_, var own] && module.Name.StartsWith(own.Trim(), StringComparison.Ordinal)),
    };

    /// <summary>Whether a manifest of the repository names the package, so that an installation would bring it.</summary>
    public bool IsDeclared(MissingModule module)
    {
        var name = module.Kind == ModuleKind.Python ? module.Name.Split('.')[0] : PackageOf(module.Name);
        // Package and module often differ in _ and -.
        return Manifests.SelectMany(Read).Any(text => text.Replace('-', '_').Contains(name.Replace('-', '_'), StringComparison.OrdinalIgnoreCase));
    }

    private static string PackageOf(string name) =>
        name.StartsWith('@') ? string.Join('/', name.Split('/').Take(2)) : name.Split('/')[0];

    private bool HasPython(string top) => Paths().Any(path =>
        path == top + ".py" || path.EndsWith($"/{top}.py", StringComparison.Ordinal)
        || (path.EndsWith(".py", StringComparison.Ordinal) && (path.StartsWith(top + "/", StringComparison.Ordinal) || path.Contains($"/{top}/", StringComparison.Ordinal))));

    private static bool IsOwnNode(string name)
    {
        if (name.Contains("node_modules", StringComparison.Ordinal))
            return false;
        // Paths, the usual aliases of paths, and what node itself brings.
        return name[0] is '.' or '/' or '#' or '~' || name.StartsWith("@/", StringComparison.Ordinal) || name.StartsWith("node:", StringComparison.Ordinal)
            || name.StartsWith("file:", StringComparison.Ordinal);
    }

    private IEnumerable<string> Paths() =>
        _files.Value.Concat(changes.Select(change => change.OldPath ?? change.Path));

    private IEnumerable<string> Read(string pattern) => _files.Value
        .Where(path => System.IO.Enumeration.FileSystemName.MatchesSimpleExpression(pattern, Path.GetFileName(path)))
        .Take(50)
        .Select(path => new FileInfo(Path.Combine(workTree, path)))
        .Where(file => file is { Exists: true, LinkTarget: null, Length: < 1_000_000 })
        .Select(file => File.ReadAllText(file.FullName));
}
