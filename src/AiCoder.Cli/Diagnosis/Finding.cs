namespace AiCoder.Cli.Diagnosis;

internal enum FindingLevel
{
    Ok,

    /// <summary>Tasks run, but something will be missed.</summary>
    Warn,

    /// <summary>No task can run.</summary>
    Fail,

    /// <summary>Not looked at, and why.</summary>
    Skipped,
}

/// <summary>What <c>doctor</c> found about one thing.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Level">How it is.</param>
/// <param name="Detail">What was seen, in a sentence.</param>
/// <param name="Mend">What to do about it; null where nothing needs doing.</param>
internal sealed record Finding(string Name, FindingLevel Level, string Detail, string? Mend = null)
{
    public static Finding Ok(string name, string detail) => new(name, FindingLevel.Ok, detail);

    public static Finding Warn(string name, string detail, string mend) => new(name, FindingLevel.Warn, detail, mend);

    public static Finding Fail(string name, string detail, string mend) => new(name, FindingLevel.Fail, detail, mend);

    public static Finding Skipped(string name, string detail) => new(name, FindingLevel.Skipped, detail);
}
