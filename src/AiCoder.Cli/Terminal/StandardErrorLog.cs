using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiCoder.Cli.Terminal;

/// <summary>The library's log on standard error, with AICODER_DEBUG=1 only: a person at a terminal reads the progress instead.</summary>
internal sealed class StandardErrorLog : ILoggerFactory
{
    private readonly TextWriter _error;

    private StandardErrorLog(TextWriter error) => _error = error;

    public static ILoggerFactory For(CommandConsole console) =>
        console.Debug ? new StandardErrorLog(console.Error) : NullLoggerFactory.Instance;

    public ILogger CreateLogger(string categoryName) => new CategoryLog(_error, categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException();

    public void Dispose()
    {
        // The console's streams are the console's.
    }

    private sealed class CategoryLog(TextWriter error, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Debug and < LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                error.WriteLine($"{logLevel} {category}: {formatter(state, exception)}{(exception is null ? "" : "\n" + exception)}");
        }
    }
}
