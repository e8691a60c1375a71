using System.Diagnostics;
using System.Runtime.CompilerServices;
using Azure.Monitor.OpenTelemetry.Exporter;
using OpenTelemetry;
using OpenTelemetry.Metrics;

namespace AiCoder.Core.Telemetry;

/// <summary>Application Insights' exporters. Apart, so that they are loaded only where they are used.</summary>
internal static class ApplicationInsightsExport
{
    // The exporter's own extension method would put a sampler of its own in the place of OTEL_TRACES_SAMPLER's.
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static BaseProcessor<Activity> OfTraces(string connection) =>
        new BatchActivityExportProcessor(new AzureMonitorTraceExporter(Options(connection)));

    [MethodImpl(MethodImplOptions.NoInlining)]
    public static MetricReader OfMetrics(string connection) =>
        new PeriodicExportingMetricReader(new AzureMonitorMetricExporter(Options(connection)));

    // Only what is ours: no figures about the process, no live stream, no files of spans that could not be sent.
    private static AzureMonitorExporterOptions Options(string connection) => new()
    {
        ConnectionString = connection,
        TracesPerSecond = null,
        SamplingRatio = 1,
        EnableLiveMetrics = false,
        EnableStandardMetrics = false,
        EnablePerformanceCounters = false,
        DisableOfflineStorage = true,
    };
}
