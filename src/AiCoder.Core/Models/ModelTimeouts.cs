namespace AiCoder.Core.Models;

/// <summary>How long an answer may take.</summary>
public sealed record ModelTimeouts
{
    /// <summary>
    /// Until the first byte of the answer's body; default 5 minutes. Models that reason, and local ones that read a long prompt,
    /// say nothing for minutes.
    /// </summary>
    public TimeSpan FirstByte { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The same where the endpoint does not stream: nothing is heard of it before all is written; default 10 minutes.</summary>
    public TimeSpan FirstByteOfWhole { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>Between two pieces of a stream that has begun; default 2 minutes.</summary>
    public TimeSpan Idle { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>For the whole answer; default 20 minutes.</summary>
    public TimeSpan Total { get; init; } = TimeSpan.FromMinutes(20);
}
