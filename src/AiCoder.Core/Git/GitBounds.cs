namespace AiCoder.Core.Git;

/// <summary>How long git may take.</summary>
public sealed record GitBounds
{
    /// <summary>For asking a remote what it has; default 60 s.</summary>
    public TimeSpan List { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>For a whole fetch or push; default 30 min.</summary>
    public TimeSpan Transfer { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>A transfer in which not one byte a second moved for this long is given up; default 90 s. Whole seconds.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>For one local step (a checkout, a scan); default 15 min.</summary>
    public TimeSpan Local { get; init; } = TimeSpan.FromMinutes(15);
}
