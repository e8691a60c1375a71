using System.Threading.Channels;

namespace AiCoder.Embedded.Runner;

/// <summary>Hands updates to whoever listens. A listener that is slow loses the oldest; nobody waits for it.</summary>
internal sealed class ProgressHub
{
    private const int Kept = 1024;

    private readonly Lock _lock = new();
    private readonly List<(string? TaskId, Channel<ProgressUpdate> Channel)> _listeners = [];

    public ProgressSubscription Subscribe(string? taskId)
    {
        var channel = Channel.CreateBounded<ProgressUpdate>(new BoundedChannelOptions(Kept) { FullMode = BoundedChannelFullMode.DropOldest });
        lock (_lock)
            _listeners.Add((taskId, channel));
        return new ProgressSubscription(channel.Reader, () =>
        {
            lock (_lock)
                _listeners.RemoveAll(listener => listener.Channel == channel);
            channel.Writer.TryComplete();
        });
    }

    public void Publish(ProgressUpdate update)
    {
        lock (_lock)
        {
            foreach (var (taskId, channel) in _listeners)
            {
                if (taskId is null || taskId == update.TaskId)
                    channel.Writer.TryWrite(update);
            }
        }
    }
}
