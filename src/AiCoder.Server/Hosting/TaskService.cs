using AiCoder.Embedded;
using Microsoft.Extensions.Hosting;

namespace AiCoder.Server.Hosting;

/// <summary>
/// Ends the tasks' activities with the server. They are asked as soon as the stop is, and not only when the last connection is
/// closed; the hosted services added after this one (the intakes) are stopped before it.
/// </summary>
internal sealed class TaskService(EmbeddedService service, IHostApplicationLifetime lifetime, TaskServerSetup setup) : IHostedService
{
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        lifetime.ApplicationStopping.Register(() => _ = StopTasksAsync());
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => _stopped.Task.WaitAsync(cancellationToken);

    private async Task StopTasksAsync()
    {
        try
        {
            await service.StopAsync(setup.StopBound);
            _stopped.TrySetResult();
        }
        catch (Exception exception)
        {
            _stopped.TrySetException(exception);
        }
    }
}
