using System.Text;

namespace AiCoder.Cli.Terminal;

/// <summary>
/// Standard output for results alone, standard error for everything a person reads meanwhile. Both are UTF-8 whatever the
/// locale, because JSON is.
/// </summary>
internal sealed class CommandConsole
{
    private readonly Func<IOException?> _outputFailure;

    private CommandConsole(BestEffortStream output, BestEffortStream error, Func<string, string?> variable)
    {
        _outputFailure = () => output.Failure;
        OutBytes = output;
        Out = TextWriter.Synchronized(WriterOn(output));
        Error = TextWriter.Synchronized(WriterOn(error));
        Variable = variable;
    }

    public TextWriter Out { get; }

    /// <summary>Standard output for what is no text of ours; not together with <see cref="Out"/>.</summary>
    public Stream OutBytes { get; }

    public TextWriter Error { get; }

    /// <summary>Gives an environment variable's value, or null.</summary>
    public Func<string, string?> Variable { get; }

    /// <summary>Whether standard error can show a display that redraws itself.</summary>
    public bool ErrorIsTerminal => !Console.IsErrorRedirected && Variable("TERM") is { Length: > 0 } and not "dumb";

    /// <summary>Whether a person reads standard output as it comes.</summary>
    public static bool OutputIsTerminal => !Console.IsOutputRedirected;

    /// <summary>Whether standard output may have colours.</summary>
    public bool OutputHasColour => !Console.IsOutputRedirected && Variable("TERM") is { Length: > 0 } and not "dumb" && !NoColour;

    /// <summary>NO_COLOR set to anything (https://no-color.org).</summary>
    public bool NoColour => !string.IsNullOrEmpty(Variable("NO_COLOR"));

    /// <summary>AICODER_DEBUG=1: stack traces and the library's log.</summary>
    public bool Debug => Variable("AICODER_DEBUG") == "1";

    /// <summary>Why not all of standard output could be written; null where it could, or where its reader just went away.</summary>
    public string? OutputProblem => _outputFailure()?.Message;

    public static CommandConsole Open() =>
        new(new(Console.OpenStandardOutput()), new(Console.OpenStandardError()), Environment.GetEnvironmentVariable);

    private static StreamWriter WriterOn(Stream stream) =>
        new(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };
}
