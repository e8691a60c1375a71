namespace AiCoder.Core.Api;

/// <summary>
/// The names on Azure Storage that both hosts share. Users and their infrastructure rely on them, so they never change.
/// </summary>
public static class QueueNames
{
    /// <summary>The queue that task requests are sent to, one a message.</summary>
    public const string Tasks = "aicoder-tasks";

    /// <summary>Where messages end that can't be taken; the Functions host derives the same name from <see cref="Tasks"/>.</summary>
    public const string Poison = Tasks + "-poison";

    /// <summary>The blob container in which servers with journals of their own agree on who has a task.</summary>
    public const string Claims = "aicoder-claims";

    /// <summary>How often a message is taken from the queue before it goes to <see cref="Poison"/>.</summary>
    public const int MostDequeues = 10;
}
