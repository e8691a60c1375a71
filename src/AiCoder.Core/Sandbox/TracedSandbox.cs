using System.Diagnostics;
using AiCoder.Core.Failures;
using AiCoder.Core.Secrets;
using AiCoder.Core.Telemetry;

namespace AiCoder.Core.Sandbox;

/// <summary>
/// Gives each command a span and a duration, whichever sandbox runs it.
/// </summary>
/// <remarks>
/// Of the command itself the span shows the program's name and nothing more. A line is written by a model, a repository or a caller,
/// and tokens stand in lines (<c>curl -H …</c>, <c>TOKEN=… npm test</c>) that no pattern finds for sure; the whole line is in the
/// transcript or the result, where it belongs to the task's owner. Metrics have not even the name: a model could make any number of them.
/// </remarks>
internal sealed class TracedSandbox(ISandbox inner, SecretRedactor redactor) : ISandbox, IDisposable
{
    /// <inheritdoc/>
    public void Open() => inner.Open();

    /// <inheritdoc/>
    public Task ProbeAsync(CancellationToken cancellationToken) => inner.ProbeAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => (inner as IDisposable)?.Dispose();

    /// <inheritdoc/>
    public bool IsElsewhere => inner.IsElsewhere;

    /// <inheritdoc/>
    public string PathInside(string path) => inner.PathInside(path);

    /// <inheritdoc/>
    public Task ReleaseAsync(string folder, CancellationToken cancellationToken) => inner.ReleaseAsync(folder, cancellationToken);

    /// <inheritdoc/>
    public async Task<CommandOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken)
    {
        var purpose = AiCoderJson.NameOf(command.Purpose);
        using var span = AiCoderTelemetry.StartInside(purpose, ActivityKind.Internal);
        if (span is { IsAllDataRequested: true })
        {
            span.SetTag(TelemetryAttributes.CommandPurpose, purpose);
            span.SetTag(TelemetryAttributes.ProcessName, ProgramName.Of(command.Arguments, redactor));
        }

        try
        {
            var outcome = await inner.RunAsync(command, cancellationToken).ConfigureAwait(false);
            var ending = AiCoderJson.NameOf(outcome.Ending);
            span?.SetTag(TelemetryAttributes.CommandEnding, ending);
            // A test that fails is an answer, no error of ours: the exit code says it.
            if (outcome.ExitCode is { } exitCode)
                span?.SetTag(TelemetryAttributes.ExitCode, exitCode);
            TaskMetrics.CommandRan(purpose, ending, outcome.Duration);
            return outcome;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            span?.SetTag(TelemetryAttributes.Outcome, "interrupted");
            throw;
        }
        catch (Exception exception)
        {
            span.Fail(AiCoderTelemetry.ErrorType(FailureMapping.From(exception)));
            throw;
        }
    }
}
