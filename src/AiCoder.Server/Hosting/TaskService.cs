using AiCoder.Embedded;
using Microsoft.Extensions.Hosting;

namespace AiCoder.Server.Hosting;

/// <summary>
/// Ends the tasks' activities with the server. They are asked as soon as the stop is, and not only when the last connection is
/// closed; the queue's intake is told at the same time.
/// </summary>
internal sealed class TaskService(EmbeddedService service, IHostApplicationLifetime lifetime, TaskServerSetup setup) : IHostedService
{
    private readonly Lazy<Task> _stopped = new(() => service.StopAsync(setup.StopBound));

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopping.Register(() => _ = _stopped.Value);
        return Task.CompletedTask;
    }

    // Also where a start broke off before the one above.
    public Task StopAsync(CancellationToken cancellationToken) => _stopped.Value.WaitAsync(cancellationToken);
}
