using System.Globalization;
using System.Text.RegularExpressions;
using AiCoder.Core.Models;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Validation;

namespace AiCoder.Core.Tools;

internal sealed partial class RunCommandTool(ISandbox sandbox, CommandPlace place) : ITool
{
    private const int DefaultSeconds = 120;
    private const int MaxSeconds = 600;
    private const int OutputLimit = 20_000;

    public ToolDefinition Definition { get; } = new(
        "run_command",
        $"Run a shell command in the repository's root, in a sandbox{(place.Network ? "" : " without network")}.",
        """{"type":"object","properties":{"command":{"type":"string"},"timeout_seconds":{"type":"integer","description":"Default 120, at most 600"}},"required":["command"]}""");

    public async Task<ToolResult> RunAsync(ToolArguments arguments, CancellationToken cancellationToken)
    {
        var command = arguments.Required("command");
        if (string.IsNullOrWhiteSpace(command))
            throw new ToolException("The command is empty.");
        var seconds = Math.Clamp(arguments.Number("timeout_seconds") ?? DefaultSeconds, 1, MaxSeconds);
        var outcome = await sandbox.RunAsync(
            new SandboxCommand
            {
                Arguments = ["/bin/sh", "-c", command],
                WorkTree = place.WorkTree,
                Timeout = TimeSpan.FromSeconds(seconds),
                Network = place.Network,
                Home = place.Home,
                Image = place.Image,
                OutputLimit = OutputLimit,
            },
            cancellationToken).ConfigureAwait(false);
        var output = outcome.Output.TrimEnd();
        return new($"{Ending(outcome, seconds)}\n{(output.Length == 0 ? "(no output)" : output)}")
        {
            Error = !outcome.Succeeded,
            ChangedAnything = true,
            ForbiddenPath = GitRefusal().IsMatch(output) ? ".git" : null,
        };
    }

    // What the system says where the sandbox kept .git as it is.
    [GeneratedRegex("""\.git(/[^\s'":]*)?['"]?: Read-only file system""")]
    private static partial Regex GitRefusal();

    private static string Ending(CommandOutcome outcome, int seconds) => outcome.Ending switch
    {
        CommandEnding.TimedOut => string.Create(CultureInfo.InvariantCulture, $"Ended after {seconds} seconds without an end. Commands that wait for input or serve never end here."),
        CommandEnding.OutOfMemory => "Ended because it used too much memory.",
        CommandEnding.TooManyProcesses => "Ended because it started too many processes.",
        CommandEnding.TooMuchOutput => "Ended because it printed far too much.",
        _ => string.Create(CultureInfo.InvariantCulture, $"Exit code {outcome.ExitCode}."),
    };
}
