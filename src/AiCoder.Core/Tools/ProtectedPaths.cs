namespace AiCoder.Core.Tools;

/// <summary>
/// Files that other machines or other agents obey: continuous integration and agents' own settings. A task changes them only where
/// its request allows it, because what a repository's text talks the model into must not reach them.
/// </summary>
public static class ProtectedPaths
{
    private static readonly string[] Folders =
    [
        ".github/workflows", ".github/actions", ".gitlab", ".gitea/workflows", ".forgejo/workflows", ".circleci", ".buildkite", ".teamcity",
        ".woodpecker", ".azure-pipelines", ".azuredevops", ".tekton", ".drone", ".jenkins",
        ".qwen", ".claude", ".codex", ".cursor", ".gemini", ".opencode", ".aider", ".continue", ".windsurf", ".roo", ".cline",
        ".junie", ".kiro", ".amazonq", ".augment", ".trae", ".zencoder",
    ];

    private static readonly HashSet<string> Files = new(StringComparer.OrdinalIgnoreCase)
    {
        ".gitlab-ci.yml", ".gitlab-ci.yaml", "azure-pipelines.yml", "azure-pipelines.yaml", "Jenkinsfile", ".travis.yml", ".drone.yml",
        ".drone.star", "bitbucket-pipelines.yml", "appveyor.yml", ".appveyor.yml", ".cirrus.yml", ".cirrus.star", ".woodpecker.yml",
        ".woodpecker.yaml", "codemagic.yaml", "cloudbuild.yaml", "buildspec.yml", ".semaphore",
        ".mcp.json", ".cursorrules", ".clinerules", ".windsurfrules", ".aider.conf.yml", ".roorules", ".goosehints", "opencode.json",
        "opencode.jsonc",
    };

    // Prose that agents obey. People write it too, so it is changed where the request asks for it by name.
    private static readonly HashSet<string> Instructions = new(StringComparer.OrdinalIgnoreCase)
    {
        "AGENTS.md", "AGENT.md", "AGENTS.override.md", "CLAUDE.md", "CLAUDE.local.md", "GEMINI.md", "QWEN.md", "WARP.md", "copilot-instructions.md",
    };

    private static readonly string[] InstructionFolders = [".github/instructions", ".github/prompts", ".github/chatmodes", ".github/agents"];

    private const string EditorFile = ".vscode/mcp.json";

    // What is protected by a name and the name of the folder that it lies in.
    private static readonly ILookup<string, (string Name, bool InstructsAgents)> ByParent =
        Folders.Append(EditorFile).Select(path => (Path: path, InstructsAgents: false)).Concat(InstructionFolders.Select(path => (Path: path, InstructsAgents: true)))
            .Where(entry => entry.Path.Contains('/', StringComparison.Ordinal))
            .ToLookup(entry => entry.Path.Split('/')[0], entry => (entry.Path.Split('/')[1], entry.InstructsAgents), StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Whether the path of a file or link, or a folder it lies in, is one of them; at any depth, whatever the case. Something
    /// else than a folder is one too where the folder of such files stands: a link there would lead to them.
    /// </summary>
    /// <param name="path">Relative, with forward slashes.</param>
    public static bool Contains(string path) => Holds(path) || ByParent.Contains(NameOf(path));

    /// <summary>The same of a path with all that lies in it, be it a folder or not.</summary>
    /// <param name="path">Relative, with forward slashes.</param>
    public static bool Holds(string path) =>
        Files.Contains(NameOf(path)) || LiesIn(path, Folders) || $"/{path}".EndsWith($"/{EditorFile}", StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the path is prose that tells coding agents what to do (<c>AGENTS.md</c>); at any depth, whatever the case.</summary>
    /// <param name="path">Relative, with forward slashes.</param>
    public static bool InstructsAgents(string path) => IsInstructionFile(path) || LiesIn(path, InstructionFolders);

    /// <summary>Whether the path is such prose by its name, as people speak of it.</summary>
    /// <param name="path">Relative, with forward slashes.</param>
    public static bool IsInstructionFile(string path) => Instructions.Contains(NameOf(path));

    /// <summary>What is protected in a folder because of the folder's name, and whether it is prose that tells agents what to do.</summary>
    /// <param name="folder">Its name alone.</param>
    public static IEnumerable<(string Name, bool InstructsAgents)> Within(string folder) => ByParent[folder];

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static bool LiesIn(string path, string[] folders)
    {
        var framed = $"/{path}/";
        return folders.Any(folder => framed.Contains($"/{folder}/", StringComparison.OrdinalIgnoreCase));
    }
}
