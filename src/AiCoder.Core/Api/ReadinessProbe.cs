using System.Diagnostics.CodeAnalysis;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;

namespace AiCoder.Core.Api;

/// <summary>
/// Whether tasks can be taken: asks the host's storage, and writes to WORKSPACE_DIR. Anybody may ask without a key and without end, so it
/// looks no more often than once a second, and a share that hangs holds one thread.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore without a wait handle holds nothing that needs disposal.")]
public sealed class ReadinessProbe(AiCoderOptions options, TimeProvider time)
{
    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Holds = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _probing = new(1);
    private long? _probedAt;
    private Failure? _failure;
    private Task _writing = Task.CompletedTask;

    /// <param name="askStorageAsync">Asks the storage of the tasks; throws where it can't be used.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="FailureException">Tasks can't be taken.</exception>
    public async Task CheckAsync(Func<CancellationToken, Task> askStorageAsync, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(askStorageAsync);
        await _probing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_probedAt is not { } at || time.GetElapsedTime(at) >= Holds)
            {
                _failure = await LookAsync(askStorageAsync, cancellationToken).ConfigureAwait(false);
                _probedAt = time.GetTimestamp();
            }

            if (_failure is not null)
                throw new FailureException(_failure);
        }
        finally
        {
            _probing.Release();
        }
    }

    private async Task<Failure?> LookAsync(Func<CancellationToken, Task> askStorageAsync, CancellationToken cancellationToken)
    {
        using var bound = new CancellationTokenSource(Bound, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, bound.Token);
        try
        {
            await askStorageAsync(either.Token).WaitAsync(Bound, time, cancellationToken).ConfigureAwait(false);
            // A share that is gone does not answer at all. One that hangs is waited for again: each further one would hold a thread.
            if (_writing.IsCompleted)
                _writing = Task.Run(Write, CancellationToken.None);
            await _writing.WaitAsync(Bound, time, cancellationToken).ConfigureAwait(false);
            return null;
        }
        catch (Exception exception) when (exception is TimeoutException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return Failure.Of(
                FailureCodes.StorageUnavailable, $"The tasks' storage or WORKSPACE_DIR did not answer within {Bound.TotalSeconds} seconds; is it mounted and reachable?");
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested)
        {
            return FailureMapping.From(exception);
        }
    }

    private void Write()
    {
        var probe = Path.Combine(options.WorkspaceDir, $".health-{Guid.NewGuid():n}");
        using (new FileStream(probe, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1, FileOptions.DeleteOnClose))
        {
            // That it can be made is all there is to know.
        }
    }
}
