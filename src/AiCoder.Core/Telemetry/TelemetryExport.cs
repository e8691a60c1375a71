using System.Runtime.CompilerServices;
using AiCoder.Core.Configuration;

namespace AiCoder.Core.Telemetry;

/// <summary>
/// Exports spans and metrics for as long as it lives: over OTLP, to Application Insights, or both, as the options say. With nothing
/// set it does nothing, and the OpenTelemetry libraries are not loaded.
/// </summary>
/// <remarks>
/// An endpoint that can't be reached costs a task nothing: batches are sent beside it and dropped where they can't be. What is left at
/// the end is sent within <see cref="FlushBound"/>.
/// </remarks>
public sealed class TelemetryExport : IAsyncDisposable
{
    /// <summary>How long the end waits for what was not sent yet.</summary>
    public static readonly TimeSpan FlushBound = TimeSpan.FromSeconds(5);

    /// <summary>The same once there is no time left: a signal asked for an end.</summary>
    public static readonly TimeSpan HurriedBound = TimeSpan.FromSeconds(1);

    private readonly Action<TimeSpan>? _shutDown;
    private readonly CancellationToken _hurry;

    private TelemetryExport(Action<TimeSpan>? shutDown, CancellationToken hurry) => (_shutDown, _hurry) = (shutDown, hurry);

    /// <summary>Begins, before the first task is taken in.</summary>
    /// <param name="options">Where to.</param>
    /// <param name="hurry">Once it has fired, the end waits no longer than <see cref="HurriedBound"/>.</param>
    public static TelemetryExport Start(AiCoderOptions options, CancellationToken hurry = default) =>
        new(options.Telemetry.Any ? Begin(options.Telemetry) : null, hurry);

    /// <summary>Sends what is left, within the bound, and ends.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_shutDown is null)
            return;
        var bound = _hurry.IsCancellationRequested ? HurriedBound : FlushBound;
        // On a thread of its own, because the libraries block; what is not done by the bound ends with the process.
        var ending = Task.Factory.StartNew(() => _shutDown(bound), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        using var hurried = CancellationTokenSource.CreateLinkedTokenSource(_hurry);
        await Task.WhenAny(ending, Task.Delay(bound, CancellationToken.None), AfterHurryAsync(hurried.Token)).ConfigureAwait(false);
        await hurried.CancelAsync().ConfigureAwait(false);
        if (ending.IsFaulted)
            _ = ending.Exception;
    }

    // Apart, so that nothing of OpenTelemetry is loaded where nothing is exported.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Action<TimeSpan> Begin(TelemetryOptions options) => new OpenTelemetryProviders(options).ShutDown;

    private static async Task AfterHurryAsync(CancellationToken hurry)
    {
        await Task.Delay(Timeout.Infinite, hurry).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(HurriedBound, CancellationToken.None).ConfigureAwait(false);
    }
}
