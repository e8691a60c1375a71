namespace AiCoder.Cli;

/// <summary>What the process ends with. Scripts rely on these.</summary>
internal static class ExitCodes
{
    /// <summary>The task completed, or the question was answered.</summary>
    public const int Completed = 0;

    /// <summary>The task failed or was cancelled.</summary>
    public const int Failed = 1;

    /// <summary>The command line, the request or the configuration is wrong.</summary>
    public const int Usage = 2;

    /// <summary>Stopped by a signal; the task can be resumed.</summary>
    public const int Interrupted = 130;
}
