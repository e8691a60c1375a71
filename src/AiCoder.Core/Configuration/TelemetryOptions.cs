namespace AiCoder.Core.Configuration;

/// <summary>Where traces and metrics are exported to. With nothing set, nothing of OpenTelemetry is loaded.</summary>
public sealed record TelemetryOptions
{
    /// <summary>OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT; null: neither is set, or OTEL_TRACES_EXPORTER is <c>none</c>.</summary>
    public OtlpSignal? OtlpTraces { get; init; }

    /// <summary>OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_EXPORTER_OTLP_METRICS_ENDPOINT; null: neither is set, or OTEL_METRICS_EXPORTER is <c>none</c>.</summary>
    public OtlpSignal? OtlpMetrics { get; init; }

    /// <summary>APPLICATIONINSIGHTS_CONNECTION_STRING.</summary>
    public string? ApplicationInsights { get; init; }

    /// <summary>Whether anything is exported at all.</summary>
    public bool Any => OtlpTraces is not null || OtlpMetrics is not null || ApplicationInsights is not null;

    /// <summary>What of it must not be seen.</summary>
    internal IEnumerable<string?> Secrets => [.. HeadersOf(OtlpTraces), .. HeadersOf(OtlpMetrics), ApplicationInsights];

    /// <summary>Prints no secret, whoever logs this.</summary>
    public override string ToString() =>
        $"TelemetryOptions {{ OtlpTraces = {OtlpTraces is not null}, OtlpMetrics = {OtlpMetrics is not null}, ApplicationInsights = {ApplicationInsights is not null} }}";

    // name=value,name=value; the values percent-encoded.
    private static IEnumerable<string?> HeadersOf(OtlpSignal? signal) =>
        new[] { signal?.Headers, signal?.GeneralHeaders }.OfType<string>()
            .SelectMany(headers => headers.Split(',', StringSplitOptions.TrimEntries))
            .Select(header => header.Split('=', 2))
            .Where(header => header.Length == 2)
            .Select(header => Uri.UnescapeDataString(header[1].Trim()));
}

/// <summary>What is set for one signal. What is null, the SDK reads from the variable for all signals, or has a default for.</summary>
/// <param name="Endpoint">OTEL_EXPORTER_OTLP_{TRACES,METRICS}_ENDPOINT, used as it is.</param>
/// <param name="Protocol">OTEL_EXPORTER_OTLP_{TRACES,METRICS}_PROTOCOL: <c>grpc</c> or <c>http/protobuf</c>.</param>
/// <param name="Headers">OTEL_EXPORTER_OTLP_{TRACES,METRICS}_HEADERS, which often hold a key.</param>
public sealed record OtlpSignal(Uri? Endpoint, string? Protocol, string? Headers)
{
    /// <summary>OTEL_EXPORTER_OTLP_HEADERS, here only to be redacted.</summary>
    internal string? GeneralHeaders { get; init; }

    /// <summary>Prints no secret, whoever logs this.</summary>
    public override string ToString() => $"OtlpSignal {{ Endpoint = {Endpoint} }}";
}
