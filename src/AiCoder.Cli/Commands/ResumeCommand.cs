using AiCoder.Cli.Tasks;
using AiCoder.Cli.Terminal;
using AiCoder.Core.Configuration;
using AiCoder.Core.Telemetry;

namespace AiCoder.Cli.Commands;

/// <summary><c>resume</c>: goes on with a task that was interrupted or killed.</summary>
internal static class ResumeCommand
{
    public static async Task<int> RunAsync(CommandConsole console, Interruption interruption, string? taskId)
    {
        var options = EnvironmentReader.Read(console.Variable, callerIsOperator: true);
        await using var telemetry = TelemetryExport.Start(options, interruption.Requested);
        await using var host = TaskHost.Open(options, console);
        return (await new TaskSession(host, console, interruption).ResumeAsync(taskId)).ExitCode;
    }
}
