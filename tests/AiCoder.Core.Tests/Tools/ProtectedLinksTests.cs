using AiCoder.Core.Tools;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Tools;

/// <summary>What protected paths lead to by the repository's own links is protected like them.</summary>
public sealed class ProtectedLinksTests
{
    private const string Both = ".claude -> tools/claude, .github -> ci";
    private const string Chain = ".claude -> one, one -> two, two -> deep/three";
    private const string Prose = "AGENTS.md -> docs/agents.md, CLAUDE.md -> AGENTS.md";

    [Theory]
    [InlineData(Both, "tools/claude", true)]
    [InlineData(Both, "tools/claude/settings.json", true)]
    [InlineData(Both, "Tools/Claude/settings.json", true)]
    [InlineData(Both, "tools/claude2/settings.json", false)]
    [InlineData(Both, "tools/other.py", false)]
    [InlineData(Both, "ci/workflows/build.yml", true)]
    [InlineData(Both, "ci/actions/a/action.yml", true)]
    [InlineData(Both, "ci/instructions/style.md", true)]
    [InlineData(Both, "ci/scripts/build.sh", false)]
    // Another link on the way would lead elsewhere.
    [InlineData(Both, "tools", true)]
    [InlineData(Both, "ci", true)]
    [InlineData(Chain, "one", true)]
    [InlineData(Chain, "two", true)]
    [InlineData(Chain, "deep/three/x", true)]
    [InlineData(Chain, "deep", true)]
    [InlineData(Chain, "deep/four", false)]
    [InlineData(".claude -> a/b/c, a/b -> ../d", "d/c/x", true)]
    [InlineData(".claude -> a/b/c, a/b -> ../d", "d/x", false)]
    [InlineData(".claude -> a/b/c, a/b -> ../d", "a/b", true)]
    // A step up from where a link leads, not from where it stands.
    [InlineData(".claude -> a/../x, a -> d/e", "d/x/y", true)]
    [InlineData(".claude -> a/../x, a -> d/e", "x/y", false)]
    [InlineData(".claude -> a/../x", "x/y", true)]
    [InlineData(".claude -> a/../x", "a", true)]
    [InlineData(".claude -> a/../x", "a/y", false)]
    [InlineData(".claude/skills -> ../shared, shared/more -> ../rest", "rest/x", true)]
    [InlineData(".github -> ci, ci/workflows -> ../flows", "flows/build.yml", true)]
    [InlineData("app/.vscode -> ../editor", "editor/mcp.json", true)]
    [InlineData("app/.vscode -> ../editor", "editor/tasks.json", false)]
    [InlineData("Jenkinsfile -> build/pipeline.groovy", "build/pipeline.groovy", true)]
    [InlineData(".github -> .", "workflows/x.yml", true)]
    [InlineData(".github -> .", "src/x.py", false)]
    [InlineData(".claude -> .", "src/x.py", true)]
    [InlineData(".claude -> /etc, .qwen -> ../../home, .codex -> a/../../b", "etc/x", false)]
    [InlineData(".claude -> /etc, .qwen -> ../../home, .codex -> a/../../b", "home/x", false)]
    [InlineData(".claude -> /etc, .qwen -> ../../home, .codex -> a/../../b", "b/x", false)]
    [InlineData(".claude -> a, a -> b, b -> a", "b", true)]
    [InlineData(".claude -> a, a -> b, b -> a", "a/x", false)]
    [InlineData(".claude -> a, a -> b, b -> a", "c/x", false)]
    [InlineData("lib -> src", "src/x.py", false)]
    [InlineData(Prose, "docs/agents.md", true)]
    [InlineData(Prose, "docs", true)]
    [InlineData(Prose, "docs/other.md", false)]
    public void What_they_lead_to_is_refused_and_nothing_else(string links, string path, bool refused)
    {
        Assert.Equal(refused, new PathScope([], false, "", Links(links)).Refusal(path) is not null);
        Assert.Null(new PathScope([], true, "", Links(links)).Refusal(path));
    }

    [Theory]
    [InlineData("Bring AGENTS.md up to date", true)]
    [InlineData("Bring CLAUDE.md up to date", true)]
    [InlineData("Bring docs/agents.md up to date", true)]
    [InlineData("Bring the docs up to date", false)]
    public void Prose_for_agents_is_changed_where_the_request_names_the_file_or_a_link_to_it(string intent, bool allowed) =>
        Assert.Equal(allowed, new PathScope([], false, intent, Links(Prose)).Refusal("docs/agents.md") is null);

    [Fact]
    public void A_folder_of_such_prose_is_not_asked_for_by_a_common_word()
    {
        var scope = new PathScope([], false, "Follow the instructions in docs", Links(".github/instructions -> ../docs/rules"));

        Assert.Contains(".github/instructions leads there", scope.Refusal("docs/rules/style.md"), StringComparison.Ordinal);
        Assert.NotNull(scope.Refusal("docs"));
    }

    [Theory]
    [InlineData(".github")]
    [InlineData("app/.GitHub")]
    [InlineData(".vscode")]
    [InlineData(".claude")]
    [InlineData(".qwen")]
    [InlineData(".github/workflows")]
    [InlineData("AGENTS.md")]
    public void No_link_is_made_where_a_protected_path_goes_through(string path) =>
        Assert.NotNull(new PathScope([], false).Refusal(path));

    [Fact]
    public void Wherever_the_system_finds_a_protected_path_is_refused()
    {
        string[] protectedPaths =
        [
            ".claude/settings.json", ".claude/skills/a/b", ".github/workflows/ci.yml", ".github/instructions/x.md", "a/.vscode/mcp.json", "a/.claude/x", "b/AGENTS.md",
            "AGENTS.md", ".mcp.json", ".qwen/x", "c/.github/workflows/w",
        ];
        string[] places = ["a", "b", "c", "d", "a/.claude", ".claude", ".claude/skills", ".github", ".github/workflows", "a/.vscode", "b/AGENTS.md", "AGENTS.md", ".qwen", "c/.github", "d/e", "d/e/f", ".mcp.json"];
        string[] steps = ["a", "b", "c", "d", "e", "f", "..", "..", "skills", "workflows", ".claude", ".github", "."];
        var random = new Random(20_261);
        var (followed, trials) = (0, 400);
        for (var trial = 0; trial < trials; trial++)
        {
            using var folder = new TemporaryFolder();
            var links = new Dictionary<string, string>();
            foreach (var place in places.OrderBy(_ => random.Next()).Take(random.Next(1, 9)))
            {
                // Git's trees have no path that goes through a link.
                if (links.Keys.Any(link => place.StartsWith(link + "/", StringComparison.Ordinal) || link.StartsWith(place + "/", StringComparison.Ordinal)))
                    continue;
                links[place] = string.Join('/', Enumerable.Range(0, random.Next(1, 5)).Select(_ => steps[random.Next(steps.Length)]));
                Directory.CreateDirectory(Path.GetDirectoryName(folder[place])!);
                File.CreateSymbolicLink(folder[place], links[place]);
            }

            var scope = new PathScope([], false, "", new(links));
            foreach (var path in protectedPaths)
            {
                if (Find(folder.Root, path) is not { } found)
                    continue;
                followed += found == path ? 0 : 1;
                Assert.True(scope.Refusal(found) is not null, $"{path} is {found} by {string.Join(", ", links.Select(link => $"{link.Key} -> {link.Value}"))}");
            }
        }

        Assert.InRange(followed, trials, int.MaxValue);
    }

    /// <summary>Where a path leads in real folders; null: out of them, or nowhere.</summary>
    private static string? Find(string root, string path)
    {
        try
        {
            return new WorkTreePaths(root).Resolve(path).Relative;
        }
        catch (ToolException)
        {
            return null;
        }
    }

    private static ProtectedLinks Links(string links) =>
        new(links.Split(", ").Select(link => link.Split(" -> ")).ToDictionary(link => link[0], link => link[1]));
}
