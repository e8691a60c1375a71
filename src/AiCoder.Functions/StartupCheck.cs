using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AiCoder.Functions;

/// <summary>
/// Reads the configuration when the worker starts, so that every problem is in the log then and not at the first task, and begins to
/// export what was asked for.
/// </summary>
internal sealed class StartupCheck(IServiceProvider services, ILogger<StartupCheck> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            var options = services.GetRequiredService<AiCoderOptions>();
            Directory.CreateDirectory(options.WorkspaceDir);
            services.GetRequiredService<ISandbox>().Open();
            // Before the first span; the container ends it, and with it sends what is left.
            services.GetRequiredService<TelemetryExport>();
        }
        catch (FailureException exception)
        {
            logger.LogCritical("The configuration is not complete. {Problems}", exception.Failure.Message);
            throw;
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
