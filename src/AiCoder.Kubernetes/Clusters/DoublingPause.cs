namespace AiCoder.Kubernetes.Clusters;

/// <summary>The pauses between tries, each twice as long as the one before.</summary>
/// <param name="first">The first one.</param>
/// <param name="longest">None is longer.</param>
internal sealed class DoublingPause(TimeSpan first, TimeSpan longest)
{
    private TimeSpan? _before;

    /// <summary>The next pause.</summary>
    /// <param name="asked">What a server asks for; null: nothing. It makes the pause longer, up to the longest.</param>
    public TimeSpan Next(TimeSpan? asked = null)
    {
        var pause = Shorter(_before * 2 ?? first);
        _before = pause;
        return asked > pause ? Shorter(asked.Value) : pause;
    }

    /// <summary>Begins anew.</summary>
    public void Reset() => _before = null;

    private TimeSpan Shorter(TimeSpan pause) => pause < longest ? pause : longest;
}
