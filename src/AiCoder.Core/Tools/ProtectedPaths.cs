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
    ];

    private static readonly HashSet<string> Files = new(StringComparer.OrdinalIgnoreCase)
    {
        ".gitlab-ci.yml", ".gitlab-ci.yaml", "azure-pipelines.yml", "azure-pipelines.yaml", "Jenkinsfile", ".travis.yml", ".drone.yml",
        ".drone.star", "bitbucket-pipelines.yml", "appveyor.yml", ".appveyor.yml", ".cirrus.yml", ".cirrus.star", ".woodpecker.yml",
        ".woodpecker.yaml", "codemagic.yaml", "cloudbuild.yaml", "buildspec.yml", ".semaphore",
        ".mcp.json", ".cursorrules", ".clinerules", ".windsurfrules", ".aider.conf.yml",
    };

    /// <summary>Whether the path, or a folder it lies in, is one of them; at any depth, whatever the case.</summary>
    /// <param name="path">Relative, with forward slashes.</param>
    public static bool Contains(string path)
    {
        var name = path[(path.LastIndexOf('/') + 1)..];
        if (Files.Contains(name))
            return true;
        var framed = $"/{path}/";
        return Folders.Any(folder => framed.Contains($"/{folder}/", StringComparison.OrdinalIgnoreCase));
    }
}
