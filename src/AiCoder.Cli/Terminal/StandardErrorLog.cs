using System.Globalization;
using AiCoder.Core.Configuration;
using AiCoder.Core.Secrets;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiCoder.Cli.Terminal;

/// <summary>
/// The library's log on standard error. Of a command with AICODER_DEBUG=1 only, because a person at a terminal reads the progress
/// instead; of a service always, with the time and without the operator's secrets.
/// </summary>
internal sealed class StandardErrorLog : ILoggerFactory
{
    private const string OurOwn = "AiCoder.";

    // The platform logs what kept a service from starting, with its stack trace, and throws it too; the command says it in a sentence.
    private const string PlatformHost = "Microsoft.Extensions.Hosting.Internal.Host";
    private const string FailedStart = "HostedServiceStartupFaulted";

    private readonly TextWriter _error;
    private readonly Func<string, LogLevel> _least;
    private readonly SecretRedactor? _redactor;
    private readonly bool _debug;

    private StandardErrorLog(CommandConsole console, Func<string, LogLevel> least, SecretRedactor? redactor) =>
        (_error, _debug, _least, _redactor) = (console.Error, console.Debug, least, redactor);

    public static ILoggerFactory For(CommandConsole console) =>
        console.Debug ? new StandardErrorLog(console, _ => LogLevel.Debug, null) : NullLoggerFactory.Instance;

    public static ILoggerFactory ForService(CommandConsole console, AiCoderOptions options)
    {
        var (own, others) = console.Debug ? (LogLevel.Debug, LogLevel.Information) : (LogLevel.Information, LogLevel.Warning);
        return new StandardErrorLog(
            console,
            category => category.StartsWith(OurOwn, StringComparison.Ordinal) ? own : others,
            new SecretRedactor(options.Secrets));
    }

    public ILogger CreateLogger(string categoryName) => new CategoryLog(this, categoryName, _least(categoryName));

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
        // The console's streams are the console's.
    }

    private void Write(string line) => _error.WriteLine(_redactor is null
        ? line
        : _redactor.Redact(string.Create(CultureInfo.InvariantCulture, $"{TimeProvider.System.GetUtcNow():yyyy-MM-ddTHH:mm:ss.fffZ} {line}")));

    // What a request holds may stand in a line, and must not forge one.
    private static string Indented(string text) => ProgressText.Printable(text).Replace("\n", "\n  ", StringComparison.Ordinal);

    private sealed class CategoryLog(StandardErrorLog log, string category, LogLevel least) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= least && logLevel < LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (category == PlatformHost && eventId.Name == FailedStart && !log._debug)
                return;
            if (IsEnabled(logLevel))
                log.Write($"{logLevel} {category}: {Indented(formatter(state, exception))}{(exception is null ? "" : Indented("\n" + exception))}");
        }
    }
}
