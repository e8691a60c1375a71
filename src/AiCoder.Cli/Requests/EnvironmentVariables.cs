using System.Text;
using AiCoder.Core.Failures;

namespace AiCoder.Cli.Requests;

/// <summary>
/// A container's environment as <c>docker run</c> reads it: files with a <c>NAME=VALUE</c> in each line, taken as it stands without
/// quotes or escapes, <c>#</c> before a comment; a name alone takes its value from this environment, and is left out where that has none.
/// </summary>
internal static class EnvironmentVariables
{
    private const char ByteOrderMark = '\uFEFF';

    /// <summary>Reads them all; what comes later counts, and arguments before files.</summary>
    /// <exception cref="FailureException"><c>system/configuration</c>: a file can't be read, or something is no variable.</exception>
    public static async Task<IReadOnlyList<KeyValuePair<string, string>>> ReadAsync(
        IReadOnlyList<string> files, IReadOnlyList<string> arguments, Func<string, string?> variable, CancellationToken stop)
    {
        var values = new OrderedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            var number = 0;
            foreach (var line in await LinesAsync(file, stop))
            {
                number++;
                if (line.TrimStart() is { Length: > 0 } text && text[0] != '#')
                    Add(text, $"line {number} of {file}");
            }
        }

        foreach (var argument in arguments)
            Add(argument, "--env");
        return [.. values];

        void Add(string text, string where)
        {
            var equals = text.IndexOf('=', StringComparison.Ordinal);
            var name = equals < 0 ? text.Trim() : text[..equals];
            // Not the text itself: a value that lost its name may be a secret.
            if (name.Length == 0 || name.Any(character => char.IsWhiteSpace(character) || char.IsControl(character)))
                throw Problem($"{where} is no NAME=VALUE.");
            if ((equals < 0 ? variable(name) : text[(equals + 1)..]) is { } value)
                values[name] = value;
        }
    }

    private static async Task<string[]> LinesAsync(string file, CancellationToken stop)
    {
        try
        {
            var text = await File.ReadAllTextAsync(file, new UTF8Encoding(false, throwOnInvalidBytes: true), stop);
            return text.TrimStart(ByteOrderMark).Split('\n').Select(line => line.TrimEnd('\r')).ToArray();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw Problem($"The file of --env-file '{file}' can't be read: {exception.Message}");
        }
    }

    private static FailureException Problem(string message) => new(FailureCodes.Configuration, message);
}
