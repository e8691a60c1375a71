namespace AiCoder.Core.Git;

/// <summary>One run of the git program.</summary>
internal sealed record GitCall
{
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Besides <see cref="GitSettings.Always"/>; later entries win.</summary>
    public IReadOnlyList<(string Key, string Value)> Configuration { get; init; } = [];

    /// <summary>Besides the environment that every call has.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();
    public string? WorkingDirectory { get; init; }
    public ReadOnlyMemory<byte> Input { get; init; }
    public required TimeSpan Timeout { get; init; }
}

/// <summary>How it ended. The error text is bounded; the output is whole.</summary>
/// <param name="ExitCode">Null where it was ended by its bound on time.</param>
/// <param name="Output">Standard output, as bytes.</param>
/// <param name="Error">Standard error.</param>
internal sealed record GitOutcome(int? ExitCode, ReadOnlyMemory<byte> Output, string Error)
{
    public bool Succeeded => ExitCode == 0;

    public bool TimedOut => ExitCode is null;

    public string Text => System.Text.Encoding.UTF8.GetString(Output.Span);
}
