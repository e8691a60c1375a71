using AiCoder.Core.Configuration;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace AiCoder.Core.Telemetry;

/// <summary>The OpenTelemetry SDK, put together as the options say. Loaded only where something is exported.</summary>
internal sealed class OpenTelemetryProviders
{
    private readonly TracerProvider? _traces;
    private readonly MeterProvider? _metrics;

    public OpenTelemetryProviders(TelemetryOptions options)
    {
        if (options.OtlpTraces is not null || options.ApplicationInsights is not null)
            _traces = Traces(options);
        if (options.OtlpMetrics is not null || options.ApplicationInsights is not null)
            _metrics = Metrics(options);
    }

    /// <summary>Sends what is left. Both at once: an endpoint that does not answer uses up the whole bound.</summary>
    public void ShutDown(TimeSpan bound) => Parallel.Invoke(
        () => _traces?.Shutdown((int)bound.TotalMilliseconds),
        () => _metrics?.Shutdown((int)bound.TotalMilliseconds));

    private static TracerProvider Traces(TelemetryOptions options)
    {
        var builder = Sdk.CreateTracerProviderBuilder().ConfigureResource(Describe).AddSource(AiCoderTelemetry.Name);
        if (options.OtlpTraces is { } otlp)
            builder.AddOtlpExporter(exporter => Configure(exporter, otlp));
        if (options.ApplicationInsights is { } connection)
            builder.AddProcessor(ApplicationInsightsExport.OfTraces(connection));
        return builder.Build();
    }

    private static MeterProvider Metrics(TelemetryOptions options)
    {
        var builder = Sdk.CreateMeterProviderBuilder().ConfigureResource(Describe).AddMeter(AiCoderTelemetry.Name);
        if (options.OtlpMetrics is { } otlp)
            builder.AddOtlpExporter(exporter => Configure(exporter, otlp));
        if (options.ApplicationInsights is { } connection)
            builder.AddReader(ApplicationInsightsExport.OfMetrics(connection));
        return builder.Build();
    }

    // OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES are read after this and win.
    private static void Describe(ResourceBuilder resource) => resource
        .Clear()
        .AddService("aicoder", serviceVersion: AiCoderTelemetry.Version, serviceInstanceId: $"{Environment.MachineName}-{Environment.ProcessId}")
        .AddAttributes([new("host.name", Environment.MachineName)])
        .AddTelemetrySdk()
        .AddEnvironmentVariableDetector();

    // The exporter reads the variables for all signals itself, but not those for one.
    private static void Configure(OtlpExporterOptions exporter, OtlpSignal signal)
    {
        if (signal.Protocol is { } protocol)
            exporter.Protocol = protocol == "grpc" ? OtlpExportProtocol.Grpc : OtlpExportProtocol.HttpProtobuf;
        if (signal.Endpoint is { } endpoint)
            exporter.Endpoint = endpoint;
        if (signal.Headers is { } headers)
            exporter.Headers = headers;
    }
}
