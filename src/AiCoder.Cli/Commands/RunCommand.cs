using AiCoder.Cli.Requests;
using AiCoder.Cli.Tasks;
using AiCoder.Cli.Terminal;
using AiCoder.Core.Configuration;
using AiCoder.Core.Tasks;
using AiCoder.Core.Telemetry;

namespace AiCoder.Cli.Commands;

/// <summary><c>run</c>: one task from its request to its result.</summary>
internal static class RunCommand
{
    public static async Task<int> RunAsync(CommandConsole console, Interruption interruption, string? argument)
    {
        var request = await RequestSource.ReadAsync(argument, console.Variable, interruption.Requested);
        var options = EnvironmentReader.Read(console.Variable, callerIsOperator: true);
        await using var telemetry = TelemetryExport.Start(options, interruption.Requested);
        var accepted = TaskTrace.Begin(TaskAcceptance.Accept(request, options, TaskAcceptance.NewTaskId(TimeProvider.System)));
        if (request.TaskId is null)
            await console.Error.WriteLineAsync($"task {accepted.Spec.TaskId}");
        if (accepted.Spec.WebhookUrl is null && options.WebhookUrl is null)
            await console.Error.WriteLineAsync("WEBHOOK_URL is not set: no events are sent.");

        await using var host = TaskHost.Open(options, console);
        return (await new TaskSession(host, console, interruption).RunAsync(accepted)).ExitCode;
    }
}
