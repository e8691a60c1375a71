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

    /// <summary>The command, and the files it reads.</summary>
    /// <param name="sandbox">Where it will run.</param>
    /// <param name="installation">The agent.</param>
    /// <param name="forwarder">Our program.</param>
    /// <param name="folder">A folder of this start alone, absolute, where the gateway's socket is.</param>
    /// <param name="start">What it is started with.</param>
    public static async Task<SandboxCommand> CreateAsync(
        ISandbox sandbox, QwenInstallation installation, OwnProgram forwarder, string folder, QwenStart start, CancellationToken cancellationToken)
    {
        var (prompt, settings) = (Path.Combine(folder, "prompt"), Path.Combine(folder, "settings.json"));
        await File.WriteAllTextAsync(prompt, start.Prompt, cancellationToken).ConfigureAwait(false);
        await File.WriteAllTextAsync(settings, Settings, cancellationToken).ConfigureAwait(false);
        var minutes = Math.Max(1, (int)Math.Ceiling(start.Time.TotalMinutes)).ToString(CultureInfo.InvariantCulture);
        return new()
        {
            Purpose = SandboxPurpose.Engine,
            Arguments =
            [
                .. forwarder.Command.Select(sandbox.PathInside), QwenForwarder.CommandName,
                sandbox.PathInside(SocketIn(folder)), sandbox.PathInside(prompt), sandbox.PathInside(settings),
                sandbox.PathInside(installation.Node), sandbox.PathInside(installation.Cli), "--output-format", "stream-json", "--yolo", "--safe-mode", "--chat-recording=false",
                "--max-session-turns", start.Turns.ToString(CultureInfo.InvariantCulture), "--max-wall-time", minutes + "m",
                "--exclude-tools", string.Join(',', ExcludedTools),
            ],
            WorkTree = start.WorkTree,
            Home = start.Home,
            Timeout = start.Time + TimeSpan.FromMinutes(1),
            StandardOutput = start.Output,
            Hold = start.Hold,
            // Every tool's answer is printed again.
            TotalOutputLimit = 512L << 20,
            OutputLimit = 8_000,
            ReadOnlyPaths = [folder, installation.Packages, .. forwarder.Files],
            Masked = Masked,
            Environment = Variables(start, forwarder.RuntimeRoot is { } root ? sandbox.PathInside(root) : null),
        };
    }

    /// <summary>Where the gateway's socket is in the folder of a start.</summary>
    public static string SocketIn(string folder) => Path.Combine(folder, "model.sock");

    private static Dictionary<string, string> Variables(QwenStart start, string? runtime)
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
        if (runtime is not null)
            variables["DOTNET_ROOT"] = runtime;
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
    public required int Turns { get; init; }
    public required TimeSpan Time { get; init; }

    /// <summary>Keeps it still.</summary>
    public required ProcessHold Hold { get; init; }

    /// <summary>Takes its events.</summary>
    public required Stream Output { get; init; }
}
