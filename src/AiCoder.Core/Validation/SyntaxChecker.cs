namespace AiCoder.Core.Validation;

/// <summary>A language's own parser, as a command for the sandbox.</summary>
/// <param name="Name">As reports call it.</param>
/// <param name="Program">What has to be on PATH inside.</param>
/// <param name="Extensions">The files that it is for, with the dot.</param>
/// <param name="Prefix">
/// Program and arguments; the files follow. It answers 0 where all can be parsed, and otherwise prints each that can't be with what
/// is wrong and exits with another code: <see cref="SyntaxCheckers.NotThere"/> where it can't check at all.
/// </param>
internal sealed record SyntaxChecker(string Name, string Program, IReadOnlyList<string> Extensions, IReadOnlyList<string> Prefix)
{
    /// <summary>How many files one command takes at most.</summary>
    public int MaxFiles { get; init; } = 500;

    /// <summary>The command for files that are named relative to where it starts. A name that begins with a dash would be an option.</summary>
    public IReadOnlyList<string> Command(IEnumerable<string> files) => [.. Prefix, .. files.Take(MaxFiles).Select(file => "./" + file)];
}
