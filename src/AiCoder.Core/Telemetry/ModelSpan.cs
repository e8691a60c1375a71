using System.Diagnostics;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;

namespace AiCoder.Core.Telemetry;

/// <summary>
/// The span and the figures of one question to the model, by the semantic conventions for generative AI. Neither the question nor the
/// answer is in it.
/// </summary>
internal sealed class ModelSpan : IDisposable
{
    private readonly string _model;
    private readonly TimeProvider _time;
    private readonly long _began;
    private readonly Activity? _span;

    public ModelSpan(ModelEndpoint endpoint, TimeProvider time)
    {
        (_model, _time, _began) = (endpoint.Model, time, time.GetTimestamp());
        _span = AiCoderTelemetry.StartInside($"chat {endpoint.Model}", ActivityKind.Client);
        if (_span is not { IsAllDataRequested: true })
            return;
        _span.SetTag(TelemetryAttributes.Operation, "chat");
        _span.SetTag(TelemetryAttributes.Provider, endpoint.Kind == ModelEndpointKind.OpenAi ? "openai" : "azure.ai.openai");
        _span.SetTag(TelemetryAttributes.RequestModel, endpoint.Model);
        _span.SetTag(TelemetryAttributes.ServerAddress, endpoint.Address.IdnHost);
        _span.SetTag(TelemetryAttributes.ServerPort, endpoint.Address.Port);
    }

    public void Answered(ModelAnswer answer)
    {
        var usage = answer.Usage;
        TaskMetrics.ModelAsked(_model, _time.GetElapsedTime(_began), errorType: null);
        TaskMetrics.ModelAnswered(_model, usage);
        if (_span is not { IsAllDataRequested: true })
            return;
        _span.SetTag(TelemetryAttributes.InputTokens, usage.InputTokens);
        _span.SetTag(TelemetryAttributes.CachedTokens, usage.CachedInputTokens);
        _span.SetTag(TelemetryAttributes.OutputTokens, usage.OutputTokens);
        if (usage.CostUsd is { } cost)
            _span.SetTag(TelemetryAttributes.Cost, (double)cost);
        if (answer.FinishReason is { } reason)
            _span.SetTag(TelemetryAttributes.FinishReasons, new[] { reason });
    }

    public void Failed(Exception exception)
    {
        var errorType = exception switch
        {
            ContextTooLongException => "context_too_long",
            ToolsRefusedException => "tools_refused",
            _ => AiCoderTelemetry.ErrorType(FailureMapping.From(exception)),
        };
        TaskMetrics.ModelAsked(_model, _time.GetElapsedTime(_began), errorType);
        _span.Fail(errorType);
    }

    /// <summary>The caller gave up; the model did nothing wrong.</summary>
    public void Interrupted() => _span?.SetTag(TelemetryAttributes.Outcome, "interrupted");

    public void Dispose() => _span?.Dispose();
}
