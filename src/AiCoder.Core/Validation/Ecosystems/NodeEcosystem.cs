using System.Text.Json;
using System.Text.RegularExpressions;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation.Ecosystems;

internal sealed partial class NodeEcosystem : IEcosystem
{
    private static readonly string[] DependencyParts = ["dependencies", "devDependencies", "optionalDependencies", "workspaces"];

    public string Name => "Node";

    // Packages of a workspace are tested by its root, where the root has tests at all.
    public bool Covers(Project outer, ProjectFolder folder) => folder.Directory == outer.Directory || outer.Checks.Count > 0;

    public Project? Detect(ProjectFolder folder)
    {
        if (!folder.Has("package.json"))
            return null;

        var manifest = Manifest(folder);
        var script = Text(manifest, "scripts", "test");
        var runner = script is not null && !Placeholder().IsMatch(script)
            ? folder.Has(".pnp.cjs") ? new ProjectCommand("yarn test", "yarn") : new ProjectCommand("npm test", "npm")
            : UsesNodeTest(folder) ? new ProjectCommand("node --test", "node") : null;
        return new()
        {
            Ecosystem = Name,
            Directory = folder.Directory,
            Prepare = Prepare(folder, manifest),
            Checks = runner is null ? [] : [runner],
            NoTests = runner is not null
                ? null
                : script is null ? "package.json has no test script" : "the test script of package.json is npm's placeholder (\"no test specified\")",
        };
    }

    private static IReadOnlyList<ProjectCommand> Prepare(ProjectFolder folder, JsonElement manifest)
    {
        if (folder.Has("pnpm-lock.yaml"))
            return [new("pnpm install --frozen-lockfile", "pnpm", CommandPurpose.Prepare)];
        if (folder.Has("yarn.lock"))
            return [new(folder.Has(".yarnrc.yml") ? "yarn install --immutable" : "yarn install --frozen-lockfile --non-interactive", "yarn", CommandPurpose.Prepare)];
        if (folder.Has("package-lock.json") || folder.Has("npm-shrinkwrap.json"))
            return [new("npm ci", "npm", CommandPurpose.Prepare)];

        var needs = DependencyParts.Any(
            part => manifest.ValueKind == JsonValueKind.Object && manifest.TryGetProperty(part, out var found)
                && (found.ValueKind == JsonValueKind.Object ? found.EnumerateObject().Any() : found.ValueKind == JsonValueKind.Array));
        return needs ? [new("npm install --no-package-lock", "npm", CommandPurpose.Prepare)] : [];
    }

    private static bool UsesNodeTest(ProjectFolder folder) =>
        folder.Deep.Where(file => TestFile().IsMatch(file)).Take(50).Any(file => folder.Read(file).Contains("node:test", StringComparison.Ordinal));

    private static JsonElement Manifest(ProjectFolder folder)
    {
        try
        {
            return JsonDocument.Parse(folder.Read("package.json"), new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip }).RootElement;
        }
        catch (JsonException)
        {
            // A broken manifest is what the syntax check says; npm will say it too.
            return default;
        }
    }

    private static string? Text(JsonElement element, params string[] path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
                return null;
        }

        return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
    }

    [GeneratedRegex(@"no test specified|^\s*(echo\b[^&|;]*|true|exit 0)?\s*$")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"(^|/)(test|tests|__tests__)/.*\.[cm]?[jt]s$|[._-](test|spec)\.[cm]?[jt]s$|(^|/)test\.[cm]?js$")]
    private static partial Regex TestFile();
}
