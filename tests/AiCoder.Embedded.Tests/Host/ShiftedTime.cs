namespace AiCoder.Embedded.Tests.Host;

/// <summary>The machine's clock, set wrong by so much.</summary>
internal sealed class ShiftedTime(TimeSpan shift) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + shift;
}
