using AiCoder.Core.Validation.Ecosystems;

namespace AiCoder.Core.Validation;

/// <summary>Finds what a repository can check, by the files that its ecosystems agree on.</summary>
public static class ProjectDetector
{
    private const int MaxDepth = 4;
    private const int MaxProjects = 12;

    // Make comes last: where another kind was found in the same folder, the Makefile is a wrapper around it.
    private static readonly IEcosystem[] Ecosystems =
    [
        new DotNetEcosystem(), new NodeEcosystem(), new PythonEcosystem(), new GoEcosystem(), new RustEcosystem(), new MavenEcosystem(),
        new GradleEcosystem(), new CMakeEcosystem(), new PhpEcosystem(), new RubyEcosystem(), new ShellEcosystem(), new MakeEcosystem(),
    ];

    /// <summary>Every program that some ecosystem may ask for.</summary>
    public static IReadOnlyList<string> Programs { get; } =
    [
        "dotnet", "node", "npm", "yarn", "pnpm", "python3", "go", "gofmt", "cargo", "java", "mvn", "gradle", "cmake", "ctest", "make", "cc",
        "php", "composer", "ruby", "bundle", "rake", "bash", "bats", "poetry", "uv",
    ];

    /// <summary>The projects of a repository, the outermost first, at most 12.</summary>
    /// <param name="root">The work tree, absolute.</param>
    /// <param name="programs">The programs of <see cref="Programs"/> that the sandbox has.</param>
    /// <param name="networkForTests">Whether tests may reach the network.</param>
    public static IReadOnlyList<Project> Detect(string root, IReadOnlySet<string> programs, bool networkForTests)
    {
        var projects = new List<Project>();
        foreach (var (directory, files) in RepositoryFiles.Folders(root, MaxDepth))
        {
            var folder = new ProjectFolder(root, directory, files, programs, networkForTests);
            foreach (var ecosystem in Ecosystems)
            {
                if (projects.Count == MaxProjects)
                    return projects;
                if (ecosystem.IsFallback && projects.Exists(project => IsWithin(directory, project.Directory)))
                    continue;
                if (projects.Exists(project => project.Ecosystem == ecosystem.Name && IsWithin(directory, project.Directory) && ecosystem.Covers(project, folder)))
                    continue;
                if (ecosystem.Detect(folder) is { } found)
                    projects.Add(found);
            }
        }

        return projects;
    }

    private static bool IsWithin(string directory, string parent) =>
        parent == "." || directory == parent || directory.StartsWith(parent + "/", StringComparison.Ordinal);
}
