namespace AiCoder.Core.Processes;

/// <summary>A process to run. Nothing is inherited from ours: not the environment, not the terminal, not standard input.</summary>
public sealed record ProcessSpec
{
    /// <summary>A path, or a name that is looked for in the PATH of <see cref="Environment"/> and then in ours.</summary>
    public required string FileName { get; init; }

    /// <summary>The arguments, each as the program is to see it; no shell reads them.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Null: the root directory, so that nothing depends on where we were started.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>The whole environment of the process.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Fed to the process as UTF-8 and then closed; null: closed at once.</summary>
    public string? StandardInput { get; init; }

    /// <summary>Bound from start to end.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Bound on silence: ends the process when neither stream brought anything for so long. Null: none.</summary>
    public TimeSpan? IdleTimeout { get; init; }

    /// <summary>Characters kept of each stream, half head and half tail; default 30,000.</summary>
    public int OutputLimit { get; init; } = 30_000;

    /// <summary>Standard error goes to <see cref="ProcessOutcome.StandardOutput"/> too, in the order of arrival.</summary>
    public bool MergeOutput { get; init; }

    /// <summary>Called with the text of both streams as it comes. Must be quick; never called at the same time from two threads.</summary>
    public Action<string>? OnOutput { get; init; }

    /// <summary>Bytes of both streams together after which the process is ended. Null: no bound.</summary>
    public long? TotalOutputLimit { get; init; }

    /// <summary>
    /// Adds a variable with a random value to the environment, by which a daemon is known as this process's although others run
    /// at the same time. Where it is false, or the daemon clears its environment, it may live until the last of them has ended.
    /// </summary>
    public bool MarkTree { get; init; }

    /// <summary>Gets the power to keep the process and all its descendants still. Null: nobody wants it.</summary>
    public ProcessHold? Hold { get; init; }

    /// <summary>Bounds on the process and all its descendants, kept by looking at them several times a second. Null: none.</summary>
    public TreeLimits? TreeLimits { get; init; }
}

/// <summary>Bounds on a process and its descendants together.</summary>
/// <param name="MemoryBytes">Resident memory that they do not share with others.</param>
/// <param name="MaxProcesses">How many they may be.</param>
public sealed record TreeLimits(long MemoryBytes, int MaxProcesses);
