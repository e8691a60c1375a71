namespace AiCoder.Embedded.Tests.Host;

/// <summary>A clock that runs faster than the machine's, so that retries of minutes pass in seconds.</summary>
internal sealed class ScaledTime(int factor) : TimeProvider
{
    private readonly DateTimeOffset _start = System.GetUtcNow();

    public override DateTimeOffset GetUtcNow() => _start + ((System.GetUtcNow() - _start) * factor);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        System.CreateTimer(callback, state, Scale(dueTime), Scale(period));

    private TimeSpan Scale(TimeSpan time) => time <= TimeSpan.Zero ? time : time / factor;
}
