using AiCoder.Core.Secrets;

namespace AiCoder.Core.Sandbox;

/// <summary>The name of the program that a command starts, where that is surely no more than a name.</summary>
internal static class ProgramName
{
    /// <summary>What a line is called whose first word tells nothing, or might tell too much.</summary>
    public const string Unknown = "sh";

    // No program's name is longer; most tokens are.
    private const int Longest = 24;

    /// <summary><c>npm</c> of <c>CI=1 /usr/bin/npm test</c>.</summary>
    /// <param name="arguments">Program and arguments; of a shell's <c>-c</c> the line is read.</param>
    /// <param name="redactor">A name that holds a secret is not shown.</param>
    public static string Of(IReadOnlyList<string> arguments, SecretRedactor redactor)
    {
        var word = arguments is [var shell, "-c", var line, ..] && Path.GetFileName(shell) is "sh" or "bash" ? FirstWord(arguments[2]) : arguments[0];
        var name = Path.GetFileName(word);
        return name.Length is > 0 and <= Longest && name.All(IsPlain) && redactor.IndexOf(name) < 0 ? name : Unknown;
    }

    // An assignment before the program is the very place for a token; one with quotes may go on in the words behind it.
    private static string FirstWord(string line)
    {
        var word = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .FirstOrDefault(word => !word.Contains('=', StringComparison.Ordinal) || !word.All(IsPlainAssignment));
        return word is null || word.Contains('=', StringComparison.Ordinal) ? "" : word;
    }

    private static bool IsPlainAssignment(char character) => IsPlain(character) || character is '=' or '/' or ':' or ',' or '@' or '%';

    private static bool IsPlain(char character) => char.IsAsciiLetterOrDigit(character) || character is '.' or '_' or '-' or '+';
}
