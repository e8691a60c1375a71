using AiCoder.Core.Failures;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;

namespace AiCoder.Core.Agent.Qwen;

/// <summary>What it stands for that the agent ended by itself or by a bound, as its exit code and its words say.</summary>
internal sealed class QwenExit(QwenInstallation installation, ISandbox sandbox, SecretRedactor redactor)
{
    private const int TurnsUsedUp = 53;
    private const int TimeOrCallsUsedUp = 55;
    private const int LongestQuote = 500;
    private const string Kept = "What was done is kept in the workspace; nothing was pushed.";

    /// <summary>Null: it was done.</summary>
    /// <param name="outcome">How its process ended.</param>
    /// <param name="end">Its last word; null: it said none.</param>
    /// <param name="asked">It has asked the model something and got an answer.</param>
    public Failure? FailureOf(CommandOutcome outcome, QwenEnd? end, bool asked)
    {
        var said = Quote(end?.Error ?? (end is { Failed: true } ? end.Text : null) ?? outcome.Output);
        return (outcome.Ending, outcome.ExitCode) switch
        {
            (CommandEnding.OutOfMemory, _) => Failure.Of(FailureCodes.OutOfMemory, $"Qwen Code used too much memory and was ended. {said}"),
            (CommandEnding.TimedOut, _) => Failure.Of(FailureCodes.LimitTime, $"Qwen Code did not end within the task's time (limits.max_minutes) and was ended. {Kept}"),
            (not CommandEnding.Exited, _) => Failure.Of(FailureCodes.EngineUnavailable, $"Qwen Code was ended: {AiCoderJson.NameOf(outcome.Ending)}. {said}"),
            (_, 0) when end is not { Failed: true } => null,
            (_, TurnsUsedUp) => Failure.Of(FailureCodes.LimitTurns, $"Qwen Code used up its turns (limits.max_turns). {Kept} {said}"),
            (_, TimeOrCallsUsedUp) => Failure.Of(FailureCodes.LimitTime, $"Qwen Code used up its time or its tool calls (limits.max_minutes). {Kept} {said}"),
            // It has a guard of its own against going round in circles.
            _ when said.Contains("Loop detection", StringComparison.OrdinalIgnoreCase) => Failure.Of(FailureCodes.Stuck, $"Qwen Code repeated the same steps and stopped itself. {Kept} {said}"),
            _ when asked => Failure.Of(FailureCodes.ModelUnusable, $"Qwen Code gave up with exit code {outcome.ExitCode}: {said}"),
            _ => Failure.Of(FailureCodes.EngineUnavailable, $"Qwen Code {installation.Version} ended with exit code {outcome.ExitCode} before it asked the model anything: {said}{Advice}"),
        };
    }

    // What runs elsewhere is a copy, or the image's Node.js: to install it anew here would mend nothing.
    private string Advice => sandbox.IsElsewhere ? "" : " " + QwenInstallation.Advice(installation.Folder);

    private string Quote(string text) => TextLimit.CutStart(redactor.Redact(text).ReplaceLineEndings(" ").Trim(), LongestQuote);
}
