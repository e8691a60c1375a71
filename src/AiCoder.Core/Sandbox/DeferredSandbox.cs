using AiCoder.Core.Failures;

namespace AiCoder.Core.Sandbox;

/// <summary>
/// A sandbox that is made when it is needed: who only looks at tasks needs no cluster, and loads nothing of one.
/// </summary>
/// <param name="make">Makes it; asked again where it failed.</param>
internal sealed class DeferredSandbox(Func<ISandbox> make) : ISandbox, IDisposable
{
    private readonly Lock _gate = new();
    private ISandbox? _made;

    /// <inheritdoc/>
    public void Open() => Made().Open();

    /// <inheritdoc/>
    public bool IsElsewhere => Made().IsElsewhere;

    /// <inheritdoc/>
    public Task ProbeAsync(CancellationToken cancellationToken) => Made().ProbeAsync(cancellationToken);

    /// <inheritdoc/>
    public string PathInside(string path) => Made().PathInside(path);

    /// <inheritdoc/>
    public Task<CommandOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken) => Made().RunAsync(command, cancellationToken);

    /// <inheritdoc/>
    public Task ReleaseAsync(string folder, CancellationToken cancellationToken)
    {
        ISandbox made;
        try
        {
            // Also where this process ran nothing: another one may have left something.
            made = Made();
        }
        catch (FailureException)
        {
            return Task.CompletedTask;
        }

        return made.ReleaseAsync(folder, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
            (_made as IDisposable)?.Dispose();
    }

    private ISandbox Made()
    {
        lock (_gate)
            return _made ??= make();
    }
}
