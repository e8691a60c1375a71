using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace AiCoder.Kubernetes.Tests.Api;

/// <summary>A container's log as a node serves it: with times, from a second on, and over connections that break.</summary>
internal sealed class ContainerLog
{
    private readonly Lock _gate = new();
    private readonly List<(DateTimeOffset Time, byte[] Text)> _lines = [];
    private readonly Queue<int> _breaks = new();
    private TaskCompletionSource _changed = NewSignal();
    private int _generation;
    private bool _ended;

    /// <summary>How often it was asked for, followed or not.</summary>
    public int Connections { get; private set; }

    /// <summary>The query's sinceSeconds of each request, in order; null where there was none.</summary>
    public List<int?> Since { get; } = [];

    /// <summary>Words of the node that stand before everything else, without a time.</summary>
    public string? Notice { get; set; }

    public void WriteLine(string text) => Write(Encoding.UTF8.GetBytes(text + "\n"));

    /// <summary>Adds a line, which ends in a line feed or is the last.</summary>
    public void Write(byte[] line, DateTimeOffset? time = null)
    {
        lock (_gate)
            _lines.Add((time ?? DateTimeOffset.UtcNow, line));
        Signal();
    }

    /// <summary>The next connections break after so many bytes, one after the other.</summary>
    public void BreakAfter(params ReadOnlySpan<int> bytes)
    {
        foreach (var count in bytes)
            _breaks.Enqueue(count);
    }

    /// <summary>A new file: who follows is at the end, and only new lines can be read.</summary>
    public void Rotate()
    {
        lock (_gate)
        {
            _lines.Clear();
            _generation++;
        }

        Signal();
    }

    /// <summary>The container has ended: who follows comes to the end.</summary>
    public void End()
    {
        _ended = true;
        Signal();
    }

    public async Task ServeAsync(HttpContext context)
    {
        var follow = context.Request.Query["follow"] == "true";
        Assert.Equal("true", context.Request.Query["timestamps"]);
        int? since = int.TryParse(context.Request.Query["sinceSeconds"], CultureInfo.InvariantCulture, out var seconds) ? seconds : null;
        var from = since is null ? DateTimeOffset.MinValue : DateTimeOffset.UtcNow.AddSeconds(-since.Value);
        int left, generation;
        lock (_gate)
        {
            Connections++;
            Since.Add(since);
            left = _breaks.TryDequeue(out var limit) ? limit : int.MaxValue;
            generation = _generation;
        }

        if (Notice is not null)
            await context.Response.WriteAsync(Notice + "\n");
        var next = 0;
        while (true)
        {
            Task changed;
            var text = new List<byte>();
            bool done;
            lock (_gate)
            {
                changed = _changed.Task;
                done = generation != _generation || _ended || !follow;
                if (generation == _generation)
                {
                    foreach (var (time, line) in _lines.Skip(next).Where(line => line.Time >= from))
                        text.AddRange([.. Encoding.ASCII.GetBytes(Nanoseconds(time) + " "), .. line]);
                    next = _lines.Count;
                }
            }

            // The head of the answer goes out with the first byte, as a node does it.
            if (text.Count > 0)
            {
                await context.Response.Body.WriteAsync(text.Take(left).ToArray(), context.RequestAborted);
                await context.Response.Body.FlushAsync(context.RequestAborted);
            }

            left -= text.Count;
            if (left <= 0)
            {
                context.Abort();
                return;
            }

            if (done)
                return;
            await changed.WaitAsync(context.RequestAborted);
        }
    }

    private static string Nanoseconds(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fffffff", CultureInfo.InvariantCulture) + "00Z";

    private void Signal()
    {
        lock (_gate)
        {
            _changed.TrySetResult();
            _changed = NewSignal();
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
