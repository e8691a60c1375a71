using Microsoft.Extensions.Hosting;

namespace AiCoder.Server.Hosting;

/// <summary>The server is started and stopped by whoever made it. The platform's own lifetime would take the process's signals.</summary>
internal sealed class OwnerLifetime : IHostLifetime
{
    public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
