namespace AiCoder.Core.Validation;

/// <summary>A language's own parser, as a command for the sandbox.</summary>
/// <param name="Name">As reports call it.</param>
/// <param name="Program">What has to be on PATH inside.</param>
/// <param name="Extensions">The files that it is for, with the dot.</param>
/// <param name="Prefix">
/// Program and arguments; the files follow. It answers 0 where all can be parsed, and <see cref="SyntaxCheckers.Broken"/> where it
/// printed those that can't be with what is wrong.
/// </param>
internal sealed record SyntaxChecker(string Name, string Program, IReadOnlyList<string> Extensions, IReadOnlyList<string> Prefix)
{
    /// <summary>The command for files that are named relative to where it starts. A name that begins with a dash would be an option.</summary>
    public IReadOnlyList<string> Command(IEnumerable<string> files) => [.. Prefix, .. files.Select(file => "./" + file)];
}
