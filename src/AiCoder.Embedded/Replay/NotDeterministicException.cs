using AiCoder.Core.Failures;

namespace AiCoder.Embedded.Replay;

/// <summary>The workflow did something else than its history says, or something that no history can hold.</summary>
internal sealed class NotDeterministicException(string message) : Exception(message)
{
    /// <summary>As the task's failure.</summary>
    public Failure Failure => Failure.Of(
        FailureCodes.NotDeterministic,
        $"The workflow is not deterministic. {Message} Was AiCoder replaced by another version while the task ran? Start the task again under another id.");
}
