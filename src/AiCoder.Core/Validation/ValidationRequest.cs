using AiCoder.Core.Activities;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Validation;

/// <summary>One run of the validator over a work tree.</summary>
public sealed record ValidationRequest
{
    public required ValidationPurpose Purpose { get; init; }

    /// <summary>What the caller asked for.</summary>
    public required ValidationOptions Options { get; init; }

    /// <summary>The operator's ceiling.</summary>
    public required ValidationNetwork NetworkCeiling { get; init; }

    /// <summary>The work tree, absolute.</summary>
    public required string WorkTree { get; init; }

    /// <summary>The HOME of the commands, absolute.</summary>
    public required string Home { get; init; }

    /// <summary>The file that remembers that this epoch was prepared, absolute.</summary>
    public required string PreparedPath { get; init; }

    /// <summary>The changed files.</summary>
    public IReadOnlyList<Change> Changes { get; init; } = [];

    /// <summary>The untouched clone's results; null: not known.</summary>
    public TestResults? Baseline { get; init; }

    /// <summary>Tells people which command runs.</summary>
    public Action<string> Report { get; init; } = _ => { };

    /// <summary>Bound on one command.</summary>
    public TimeSpan Timeout => TimeSpan.FromSeconds(Options.TimeoutSeconds ?? ValidationOptions.DefaultTimeoutSeconds);

    /// <summary>What may reach the network: as asked, but never above the operator's ceiling.</summary>
    public ValidationNetwork Network =>
        (ValidationNetwork)Math.Min((int)(Options.Network ?? NetworkCeiling), (int)NetworkCeiling);
}
