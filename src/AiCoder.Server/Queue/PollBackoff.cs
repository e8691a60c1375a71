namespace AiCoder.Server.Queue;

/// <summary>How long to wait before the queue is asked again: doubling from 0.2 s to 5 s while there is nothing or nobody answers.</summary>
internal sealed class PollBackoff(TimeProvider time)
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(0.2);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private TimeSpan _next = Shortest;

    public void Reset() => _next = Shortest;

    public Task WaitAsync(CancellationToken cancellationToken)
    {
        // Servers that were started together need not ask together.
        var wait = _next * (0.75 + (Random.Shared.NextDouble() / 4));
        _next = _next * 2 < Longest ? _next * 2 : Longest;
        return Task.Delay(wait, time, cancellationToken);
    }
}
