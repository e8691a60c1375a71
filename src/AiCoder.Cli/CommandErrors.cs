using AiCoder.Cli.Terminal;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Cli;

/// <summary>The one place where what went wrong outside of a task becomes a sentence and an exit code.</summary>
internal static class CommandErrors
{
    /// <summary>Runs a command; nothing that it throws gets past here.</summary>
    public static async Task<int> GuardAsync(CommandConsole console, Interruption interruption, Func<Task<int>> command)
    {
        try
        {
            var code = await command();
            if (code == ExitCodes.Completed && console.OutputProblem is { } problem)
            {
                await console.Error.WriteLineAsync($"aicoder: standard output could not be written: {problem}");
                return ExitCodes.Failed;
            }

            return code;
        }
        catch (TaskRequestException exception)
        {
            return Report(console, exception, EnvironmentReader.Sentence([.. exception.Problems.Select(problem => problem.Message)]), ExitCodes.Usage);
        }
        catch (OperationCanceledException) when (interruption.Requested.IsCancellationRequested)
        {
            return ExitCodes.Interrupted;
        }
        catch (Exception exception)
        {
            var failure = FailureMapping.From(exception);
            return failure.Code is FailureCodes.Configuration
                ? Report(console, exception, failure.Message, ExitCodes.Usage)
                : Report(console, exception, failure.ToString(), ExitCodes.Failed);
        }
    }

    private static int Report(CommandConsole console, Exception exception, string message, int code)
    {
        console.Error.WriteLine(ProgressText.Printable($"aicoder: {message}"));
        if (console.Debug)
            console.Error.WriteLine(exception);
        return code;
    }
}
