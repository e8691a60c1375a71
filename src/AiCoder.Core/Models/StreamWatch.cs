namespace AiCoder.Core.Models;

/// <summary>Cuts an answer off that does not begin, falls silent, or goes on for ever.</summary>
internal sealed class StreamWatch : IDisposable
{
    private readonly ModelTimeouts _timeouts;
    private readonly TimeSpan _firstByte;
    private readonly CancellationTokenSource _silence;
    private readonly CancellationTokenSource _total;
    private readonly CancellationTokenSource _either;
    private bool _begun;

    public StreamWatch(ModelTimeouts timeouts, bool streams, TimeProvider time, CancellationToken cancellationToken)
    {
        _timeouts = timeouts;
        _firstByte = streams ? timeouts.FirstByte : timeouts.FirstByteOfWhole;
        _silence = new CancellationTokenSource(_firstByte, time);
        _total = new CancellationTokenSource(timeouts.Total, time);
        _either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _silence.Token, _total.Token);
    }

    /// <summary>Fires when a bound is passed, or the caller cancels.</summary>
    public CancellationToken Token => _either.Token;

    /// <summary>The bound that was passed; null: none.</summary>
    public (string Phase, TimeSpan After)? Expired =>
        _total.IsCancellationRequested ? ("went on", _timeouts.Total)
        : !_silence.IsCancellationRequested ? null
        : _begun ? ("fell silent", _timeouts.Idle)
        : ("said nothing", _firstByte);

    /// <summary>Something came.</summary>
    public void Heard()
    {
        _begun = true;
        _silence.CancelAfter(_timeouts.Idle);
    }

    public void Dispose()
    {
        _either.Dispose();
        _silence.Dispose();
        _total.Dispose();
    }
}
