using System.Threading.Channels;

namespace AiCoder.Embedded;

/// <summary>A stream of updates from the moment it was asked for until it is disposed.</summary>
public sealed class ProgressSubscription : IDisposable
{
    private readonly Action _unsubscribe;

    internal ProgressSubscription(ChannelReader<ProgressUpdate> reader, Action unsubscribe) => (Reader, _unsubscribe) = (reader, unsubscribe);

    /// <summary>The updates. Completes when the subscription is disposed.</summary>
    public ChannelReader<ProgressUpdate> Reader { get; }

    public void Dispose() => _unsubscribe();
}
