namespace AiCoder.Testing;

/// <summary>A place where something waits until a test lets it go, and by which a test knows that it has come there.</summary>
public sealed class Hold
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when something waits here.</summary>
    public Task Reached => _reached.Task;

    /// <summary>Whoever waits here goes on, now and from now on.</summary>
    public void Release() => _released.TrySetResult();

    /// <summary>Waits until <see cref="Release"/>.</summary>
    public Task WaitAsync(CancellationToken cancellationToken = default)
    {
        _reached.TrySetResult();
        return _released.Task.WaitAsync(cancellationToken);
    }
}
