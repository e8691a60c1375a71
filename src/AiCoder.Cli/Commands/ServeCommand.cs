using System.Runtime.CompilerServices;
using AiCoder.Cli.Tasks;
using AiCoder.Cli.Terminal;
using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Core.Telemetry;
using AiCoder.Server;

namespace AiCoder.Cli.Commands;

/// <summary><c>serve</c>: the HTTP API until a signal. The one command that loads a web server.</summary>
internal static class ServeCommand
{
    public static Task<int> RunAsync(CommandConsole console, Interruption interruption, string? urls, bool queue)
    {
        var options = EnvironmentReader.Read(console.Variable, callerIsOperator: false);
        return ServeAsync(console, interruption, options, urls, queue);
    }

    // Apart, so that nothing of the server is loaded before it is needed.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<int> ServeAsync(CommandConsole console, Interruption interruption, AiCoderOptions options, string? urls, bool queue)
    {
        await using var telemetry = TelemetryExport.Start(options, interruption.Requested);
        await using var server = await TaskServer.StartAsync(
            new TaskServerSetup
            {
                Options = options,
                Urls = urls ?? options.Urls ?? TaskServerSetup.DefaultUrl,
                ReadsQueue = queue,
                KubernetesSandbox = ClusterSandbox.For(console),
                Loggers = StandardErrorLog.ForService(console, options),
            },
            interruption.Requested);
        await console.Error.WriteLineAsync($"aicoder listens on {string.Join(" and ", server.Addresses)}");
        if (queue)
            await console.Error.WriteLineAsync($"aicoder takes tasks from the queue {QueueNames.Tasks}");
        if (options.WebhookUrl is null)
            await console.Error.WriteLineAsync("WEBHOOK_URL is not set: only tasks with a webhook_url of their own send events.");
        if (options is { ApiKey: null, AzureOpenAiEndpoint: null })
            await console.Error.WriteLineAsync("OPENAI_API_KEY is not set: only tasks with an api_key of their own (and its base_url) are taken.");

        var stopped = new TaskCompletionSource();
        await using (interruption.Requested.Register(() => stopped.TrySetResult()))
        await using (server.Stopping.Register(() => stopped.TrySetResult()))
            await stopped.Task;
        await server.StopAsync();
        await console.Error.WriteLineAsync("Stopped. What has not ended goes on with the next start.");
        // A part of the server that gave up has said so in the log; whoever runs it starts it again.
        return interruption.Requested.IsCancellationRequested ? ExitCodes.Completed : ExitCodes.Failed;
    }
}
