namespace AiCoder.Kubernetes.Logs;

/// <summary>The times of the last lines of a log, in the order in which they came: so many that an overlap is found in them.</summary>
internal sealed class SeenLines
{
    private const int Most = 65_536;

    private readonly Queue<long> _times = new();
    private readonly Dictionary<long, int> _counts = [];
    private bool _hasForgotten;

    /// <summary>The last line's time; null before the first.</summary>
    public long? Last { get; private set; }

    public void Add(long time)
    {
        Last = time;
        _times.Enqueue(time);
        _counts[time] = CountOf(time) + 1;
        if (_times.Count <= Most)
            return;
        _hasForgotten = true;
        var oldest = _times.Dequeue();
        if (CountOf(oldest) > 1)
            _counts[oldest]--;
        else
            _counts.Remove(oldest);
    }

    /// <summary>How many lines had this time.</summary>
    public int CountOf(long time) => _counts.GetValueOrDefault(time);

    /// <summary>Whether a line with this time came so long ago that it is remembered no more.</summary>
    public bool IsForgotten(long time) => _hasForgotten && time < _times.Peek();
}
