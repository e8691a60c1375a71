using AiCoder.Core.Failures;
using AiCoder.Embedded;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace AiCoder.Server.Hosting;

/// <summary>
/// What has to be done again and again: going on with tasks that nobody runs (of this server before its restart, or of another
/// process on the same journal), and taking away what ended tasks left.
/// </summary>
internal sealed class TaskMaintenance(EmbeddedService service, TaskServerSetup setup, ILogger<TaskMaintenance> logger, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromHours(1);

    // What an ended task leaves is large, and an hour of busy work would fill a disk.
    private static readonly TimeSpan EmptyTrashEvery = TimeSpan.FromSeconds(30);

    // Apart from each other: a large folder that takes minutes to remove holds up no task.
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        RepeatAsync("Going on with tasks", setup.ResumeEvery, ResumeAsync, stoppingToken),
        RepeatAsync("Removing old workspaces", SweepEvery, service.Tasks.SweepAsync, stoppingToken),
        RepeatAsync("Removing what ended tasks left", EmptyTrashEvery, EmptyTrashAsync, stoppingToken));

    private async Task ResumeAsync(CancellationToken cancellationToken)
    {
        var resumed = await service.Tasks.ResumeAllAsync(cancellationToken);
        if (resumed.Count > 0)
            logger.LogInformation("Going on with {Count} tasks: {TaskIds}", resumed.Count, string.Join(", ", resumed));
    }

    private Task EmptyTrashAsync(CancellationToken cancellationToken) =>
        Task.Run(() => service.Workspaces.EmptyTrash(cancellationToken), cancellationToken);

    private async Task RepeatAsync(string what, TimeSpan every, Func<CancellationToken, Task> work, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(every, time);
        try
        {
            do
            {
                try
                {
                    await work(cancellationToken);
                }
                catch (Exception exception) when (exception is not OperationCanceledException)
                {
                    // A disk that is full or away comes back; the service must still be there then.
                    logger.LogWarning("{What} failed and is tried again: {Failure}", what, FailureMapping.From(exception).ToString());
                }
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The server stops.
        }
    }
}
