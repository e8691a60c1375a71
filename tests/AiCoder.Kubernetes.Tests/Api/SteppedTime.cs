namespace AiCoder.Kubernetes.Tests.Api;

/// <summary>Time that passes only where a test says so, as far as somebody looks at it; pauses take what they take.</summary>
internal sealed class SteppedTime : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public void Step(TimeSpan by) => Interlocked.Add(ref _ticks, by.Ticks);

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);
}
