namespace AiCoder.Testing.Telemetry;

/// <summary>A span as it came over OTLP.</summary>
/// <param name="Parent">The parent's span id; empty: a root.</param>
/// <param name="Error">Its status is an error.</param>
/// <param name="Resource">Whose span it is.</param>
public sealed record ReceivedSpan(
    string TraceId, string SpanId, string Parent, string Name, IReadOnlyDictionary<string, object?> Attributes, bool Error, IReadOnlyDictionary<string, object?> Resource)
{
    private const ulong StatusError = 2;

    // https://github.com/open-telemetry/opentelemetry-proto: trace/v1/trace.proto
    internal static IEnumerable<ReceivedSpan> Of(ProtobufMessage request) =>
        from resource in request.Messages(1)
        from scope in resource.Messages(2)
        from span in scope.Messages(2)
        select new ReceivedSpan(
            span.Hex(1), span.Hex(2), span.Hex(4), span.Text(5), AttributesOf(span, 9), span.Message(15).Number(3) == StatusError, AttributesOf(resource.Message(1), 1));

    internal static Dictionary<string, object?> AttributesOf(ProtobufMessage message, int field) =>
        message.Messages(field).ToDictionary(pair => pair.Text(1), pair => ValueOf(pair.Message(2)));

    private static object? ValueOf(ProtobufMessage value) =>
        value.Has(1) ? value.Text(1)
        : value.Has(2) ? value.Number(2) != 0
        : value.Has(3) ? (long)value.Number(3)
        : value.Has(4) ? value.Real(4)
        : value.Has(5) ? value.Message(5).Messages(1).Select(ValueOf).ToArray()
        : null;
}

/// <summary>One point of a metric as it came over OTLP.</summary>
/// <param name="Value">A counter's total, or a histogram's sum.</param>
/// <param name="Count">A histogram's count; 0 for a counter.</param>
public sealed record ReceivedPoint(string Name, string Unit, IReadOnlyDictionary<string, object?> Attributes, double Value, long Count)
{
    // https://github.com/open-telemetry/opentelemetry-proto: metrics/v1/metrics.proto
    internal static IEnumerable<ReceivedPoint> Of(ProtobufMessage request) =>
        from resource in request.Messages(1)
        from scope in resource.Messages(2)
        from metric in scope.Messages(2)
        from point in metric.Message(7).Messages(1).Select(point => (Point: point, Attributes: 7, Value: point.Has(6) ? (long)point.Number(6) : point.Real(4), Count: 0L))
            .Concat(metric.Message(9).Messages(1).Select(point => (Point: point, Attributes: 9, Value: point.Real(5), Count: (long)point.Number(4))))
        select new ReceivedPoint(metric.Text(1), metric.Text(3), ReceivedSpan.AttributesOf(point.Point, point.Attributes), point.Value, point.Count);
}
