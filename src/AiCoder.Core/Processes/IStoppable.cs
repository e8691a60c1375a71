namespace AiCoder.Core.Processes;

/// <summary>Everything that one run started, wherever it runs.</summary>
internal interface IStoppable
{
    /// <summary>
    /// Stops what runs now, and looks twice. Null where something ran or was born in between; else each thread and how often it has
    /// given way so far, by which two such looks show that nothing ran between them.
    /// </summary>
    /// <exception cref="Failures.FailureException"><c>reset</c>: where it runs does not answer.</exception>
    Task<IReadOnlyDictionary<int, long>?> HaltAsync(CancellationToken cancellationToken);

    /// <summary>Lets what was stopped go on.</summary>
    /// <exception cref="Failures.FailureException"><c>reset</c>: where it runs does not answer, and it may still be stopped.</exception>
    Task ContinueAsync();
}

/// <summary>How two looks at threads are compared.</summary>
internal static class ThreadLooks
{
    /// <summary>Whether both saw the same threads, and none of them ran in between.</summary>
    public static bool AreSame(IReadOnlyDictionary<int, long> one, IReadOnlyDictionary<int, long> other) =>
        one.Count == other.Count && one.All(thread => other.TryGetValue(thread.Key, out var switches) && switches == thread.Value);
}
