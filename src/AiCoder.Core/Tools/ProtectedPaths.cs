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

    /// <summary>Whether the path, or a folder it lies in, is one of them; at any depth, whatever the case.</summary>
    /// <param name="path">Relative, with forward slashes.</param>
    public static bool Contains(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        if (Files.Contains(name))
            return true;
        return LiesIn(path, Folders) || $"/{path}".EndsWith("/.vscode/mcp.json", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Whether the path is prose that tells coding agents what to do (<c>AGENTS.md</c>); at any depth, whatever the case.</summary>
    /// <param name="path">Relative, with forward slashes.</param>
    public static bool InstructsAgents(string path) =>
        Instructions.Contains(path[(path.LastIndexOf('/') + 1)..]) || LiesIn(path, InstructionFolders);

    private static bool LiesIn(string path, string[] folders)
    {
        var framed = $"/{path}/";
        return folders.Any(folder => framed.Contains($"/{folder}/", StringComparison.OrdinalIgnoreCase));
    }
}
