using AiCoder.Core.Failures;

namespace AiCoder.Kubernetes.Runs;

/// <summary>Why a pod does not start.</summary>
/// <param name="Reason">Kubernetes' word for it.</param>
/// <param name="Message">What is wrong and what to do.</param>
/// <param name="Patience">How long it may last.</param>
internal sealed record PodTrouble(string Reason, string Message, PodPatience Patience)
{
    /// <summary>What it is when it lasts: as a rule something that stands on the command line.</summary>
    public FailureException ToFailure() => new(FailureCodes.Configuration, Message);
}

/// <summary>How long trouble may last before the run is given up.</summary>
internal enum PodPatience
{
    /// <summary>Waiting would change nothing.</summary>
    None,

    /// <summary>It may pass by itself: <see cref="RunBounds.Grace"/>.</summary>
    Grace,

    /// <summary>A node may be added or become free: <see cref="RunRequest.PendingTimeout"/>.</summary>
    Node,
}
