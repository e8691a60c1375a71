using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using AiCoder.Core.Telemetry;

namespace AiCoder.Core.Tests.Telemetry;

/// <summary>
/// Listens to the spans and figures of what the test itself does: other tests run at the same time, and are told apart by the flow of
/// execution.
/// </summary>
internal sealed class TelemetryProbe : IDisposable
{
    private readonly AsyncLocal<bool> _ours = new() { Value = true };
    private readonly ActivityListener _spans;
    private readonly MeterListener _figures = new();
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ConcurrentQueue<Figure> _measured = new();

    public TelemetryProbe()
    {
        _spans = new ActivityListener
        {
            ShouldListenTo = source => source.Name == AiCoderTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => _ours.Value ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = span =>
            {
                if (_ours.Value)
                    _ended.Enqueue(span);
            },
        };
        ActivitySource.AddActivityListener(_spans);
        _figures.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name == AiCoderTelemetry.Name)
                listener.EnableMeasurementEvents(instrument);
        };
        _figures.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Measured(instrument, value, tags));
        _figures.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Measured(instrument, value, tags));
        _figures.Start();
    }

    public IReadOnlyList<Activity> Spans => [.. _ended];

    public IReadOnlyList<Figure> Of(string instrument) => [.. _measured.Where(figure => figure.Name == instrument)];

    public void Dispose()
    {
        _spans.Dispose();
        _figures.Dispose();
    }

    private void Measured(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_ours.Value)
            _measured.Enqueue(new(instrument.Name, value, tags.ToArray().ToDictionary(tag => tag.Key, tag => (string?)tag.Value)));
    }

    /// <summary>One measurement.</summary>
    internal sealed record Figure(string Name, double Value, IReadOnlyDictionary<string, string?> Tags)
    {
        public string? this[string tag] => Tags.GetValueOrDefault(tag);
    }
}
