using System.Globalization;
using System.Text.Json;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;

namespace AiCoder.Core.Agent.Qwen;

/// <summary>How the agent is started: headless, without anything that a repository could configure, and with the gateway as its model.</summary>
internal static class QwenCommand
{
    // What it reads from the folder it works in. Its own flag covers most of it, but not the variables of .env, among them proxies.
    private static readonly string[] Masked = [".qwen", ".env", ".gemini"];

    // Those that reach out of the task, cost calls of their own, or need a person.
    private static readonly string[] ExcludedTools =
    [
        "agent", "skill", "tool_call", "tool_search", "get_goal", "update_goal", "list_agents", "notebook_edit", "web_fetch", "web_search",
        "send_message", "monitor", "cron_create", "cron_list", "cron_delete", "loop_wakeup", "enter_worktree", "exit_worktree",
        "record_artifact", "task_stop", "zoom_image", "report_findings", "read_mcp_resource", "ask_user_question", "exit_plan_mode", "save_memory",
    ];

    // An image's own Node.js may be too old, and ours needs glibc.
    private const string NodeThatRuns = """
        for node in "$1" node; do
          said=$("$node" -e 'process.exit(parseInt(process.versions.node) < 22 ? 1 : 0)' 2>&1) && break
          [ "$node" = node ] || why=$said
          node=
        done
        if [ -z "$node" ]; then
          echo "Qwen Code needs Node.js 22. This image has none, and the service's does not run in it ($why): that needs glibc, libstdc++ and this machine's kind of processor. Set validation.image or SANDBOX_IMAGE to an image that has one of the two." >&2
          exit 127
        fi
        shift
        exec "$node" "$@"
        """;

    private static readonly string Settings = JsonSerializer.Serialize(new
    {
        general = new { enableAutoUpdate = false, disableAutoUpdate = true },
        privacy = new { usageStatisticsEnabled = false },
        telemetry = new { enabled = false },
        // The one it brings is not marked as a program.
        tools = new { useRipgrep = false },
        // No file of a repository has this name.
        context = new { fileName = ".no-context-file" },
    });

    /// <summary>
    /// The command on this machine: the gateway's socket is shown to it, and our own program carries connections there.
    /// </summary>
    /// <param name="sandbox">Where it will run.</param>
    /// <param name="installation">The agent.</param>
    /// <param name="forwarder">Our program.</param>
    /// <param name="folder">A folder of this start alone, absolute, where the gateway's socket is.</param>
    /// <param name="start">What it is started with.</param>
    /// <param name="cancellationToken">Ends the writing of what it reads.</param>
    public static async Task<SandboxCommand> HereAsync(
        ISandbox sandbox, QwenInstallation installation, OwnProgram forwarder, string folder, QwenStart start, CancellationToken cancellationToken)
    {
        var (prompt, settings) = (Path.Combine(folder, "prompt"), Path.Combine(folder, "settings.json"));
        await File.WriteAllTextAsync(prompt, start.Prompt, cancellationToken).ConfigureAwait(false);
        await File.WriteAllTextAsync(settings, Settings, cancellationToken).ConfigureAwait(false);
        var command = Common(start) with
        {
            Arguments =
            [
                .. forwarder.Command.Select(sandbox.PathInside), QwenForwarder.CommandName,
                sandbox.PathInside(SocketIn(folder)), sandbox.PathInside(prompt), sandbox.PathInside(settings),
                sandbox.PathInside(installation.Node), sandbox.PathInside(installation.Cli), .. Options(start),
            ],
            StandardOutput = start.Output,
            ReadOnlyPaths = [folder, installation.Packages, .. forwarder.Files],
        };
        return forwarder.RuntimeRoot is not { } root
            ? command
            : command with { Environment = new Dictionary<string, string>(command.Environment) { ["DOTNET_ROOT"] = sandbox.PathInside(root) } };
    }

    /// <summary>The command on another machine, which has nothing of ours but the agent: all else comes through the tunnel.</summary>
    /// <param name="sandbox">Where it will run.</param>
    /// <param name="installation">The agent, where that machine sees it.</param>
    /// <param name="tunnel">The way to the gateway.</param>
    /// <param name="start">What it is started with.</param>
    public static SandboxCommand Elsewhere(ISandbox sandbox, QwenInstallation installation, QwenTunnel tunnel, QwenStart start) => Common(start) with
    {
        Arguments = ["/bin/sh", "-c", NodeThatRuns, "sh", sandbox.PathInside(installation.Node), "-e", QwenTunnel.InsideScript, "--", sandbox.PathInside(installation.Cli), .. Options(start)],
        StandardInput = tunnel.ToInside,
        StandardOutput = tunnel.FromInside,
        ReadOnlyPaths = [installation.Packages],
    };

    /// <summary>What it reads first.</summary>
    public static QwenOpening Opening(QwenStart start) => new(start.Prompt, Settings);

    private static SandboxCommand Common(QwenStart start) => new()
    {
        Purpose = SandboxPurpose.Engine,
        Arguments = [],
        WorkTree = start.WorkTree,
        Home = start.Home,
        Image = start.Image,
        Timeout = start.Time + TimeSpan.FromMinutes(1),
        Hold = start.Hold,
        // Every tool's answer is printed again.
        TotalOutputLimit = 512L << 20,
        OutputLimit = 8_000,
        Masked = Masked,
        Environment = Variables(start),
    };

    private static string[] Options(QwenStart start) =>
    [
        "--output-format", "stream-json", "--yolo", "--safe-mode", "--chat-recording=false",
        "--max-session-turns", start.Turns.ToString(CultureInfo.InvariantCulture),
        "--max-wall-time", Math.Max(1, (int)Math.Ceiling(start.Time.TotalMinutes)).ToString(CultureInfo.InvariantCulture) + "m",
        "--exclude-tools", string.Join(',', ExcludedTools),
    ];

    /// <summary>Where the gateway's socket is in the folder of a start.</summary>
    public static string SocketIn(string folder) => Path.Combine(folder, "model.sock");

    private static Dictionary<string, string> Variables(QwenStart start)
    {
        var variables = new Dictionary<string, string>
        {
            ["OPENAI_API_KEY"] = start.Token,
            ["OPENAI_MODEL"] = start.Model,
            ["QWEN_DEFAULT_AUTH_TYPE"] = "openai",
            ["QWEN_CODE_NO_RELAUNCH"] = "true",
            ["QWEN_CODE_SUPPRESS_YOLO_WARNING"] = "1",
            ["QWEN_CODE_DISABLE_CRON"] = "1",
            ["QWEN_CODE_DISABLE_PRECONNECT"] = "1",
            ["QWEN_DISABLE_AUTO_TITLE"] = "1",
            ["QWEN_USAGE_STATISTICS_ENABLED"] = "false",
            ["NO_PROXY"] = "*",
            ["no_proxy"] = "*",
        };
        // A variable that is set, even to nothing, is not taken from a repository's .env.
        foreach (var name in (string[])["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"])
            variables[name] = "";
        return variables;
    }
}

/// <summary>What the agent is started with.</summary>
internal sealed record QwenStart
{
    public required string Prompt { get; init; }
    public required string Model { get; init; }

    /// <summary>The gateway's token: the only key it gets.</summary>
    public required string Token { get; init; }
    public required string WorkTree { get; init; }
    public required string Home { get; init; }

    /// <summary>The image that the request names.</summary>
    public required string? Image { get; init; }
    public required int Turns { get; init; }
    public required TimeSpan Time { get; init; }

    /// <summary>Keeps it still.</summary>
    public required ProcessHold Hold { get; init; }

    /// <summary>Takes its events.</summary>
    public required Stream Output { get; init; }
}
