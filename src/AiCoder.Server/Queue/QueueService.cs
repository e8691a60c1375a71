using AiCoder.Embedded;
using Microsoft.Extensions.Hosting;

namespace AiCoder.Server.Queue;

/// <summary>
/// Reads the queue as long as the server runs. It is stopped with the tasks and not after them: what a server that ends has not taken,
/// another one takes at once.
/// </summary>
internal sealed class QueueService(TaskServerSetup setup, QueueStorage storage)
{
    private QueueIntake? _intake;

    /// <summary>The service, for the host that it fills.</summary>
    public IHostedService Of(EmbeddedHost host, IHostApplicationLifetime lifetime) => new Reading(this, host, lifetime);

    /// <summary>See <see cref="QueueIntake.ForgetAsync"/>. Before the queue is read there is nothing of this server's to forget.</summary>
    public Task ForgetAsync(string taskId, CancellationToken cancellationToken) =>
        _intake?.ForgetAsync(taskId, cancellationToken) ?? Task.CompletedTask;

    private async Task<Task> BeginAsync(EmbeddedHost host, IHostApplicationLifetime lifetime, CancellationToken cancellationToken)
    {
        _intake = await QueueIntake.CreateAsync(setup.Options, host, storage, TimeProvider.System, setup.Loggers, cancellationToken);
        return _intake.RunAsync(lifetime.ApplicationStopping);
    }

    private sealed class Reading(QueueService service, EmbeddedHost host, IHostApplicationLifetime lifetime) : IHostedService
    {
        private Task _reading = Task.CompletedTask;

        public async Task StartAsync(CancellationToken cancellationToken) => _reading = await service.BeginAsync(host, lifetime, cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => _reading.WaitAsync(cancellationToken);
    }
}
