using System.Globalization;
using System.Text;
using AiCoder.Core.Processes;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Agent;

/// <summary>A failed validation as the model is told of it: only what is its own doing.</summary>
internal static class ValidationFeedback
{
    private const int OutputLimit = 8_000;
    private const int ReportLimit = 30_000;

    public static string Render(TestResults results)
    {
        var report = new StringBuilder();
        foreach (var command in results.Commands.Where(command => command is { Verdict: Verdict.Failed, PreExisting: false }))
        {
            report.Append(CultureInfo.InvariantCulture, $"$ {command.Command}");
            if (command.Directory != ".")
                report.Append(CultureInfo.InvariantCulture, $"   (in {command.Directory})");
            report.Append(CultureInfo.InvariantCulture, $"\n{(command.ExitCode is { } code ? $"exit code {code}" : "ended by a bound")}");
            if (command.Reason is { } reason)
                report.Append(CultureInfo.InvariantCulture, $": {reason}");
            report.Append('\n').Append(Cut(command.Output)).Append("\n\n");
        }

        return Prompt.Render("feedback.v1", ("reason", results.Reason ?? ""), ("report", BoundedOutput.Cut(report.ToString().TrimEnd(), ReportLimit)));
    }

    // What a test runner says last is what failed.
    private static string Cut(string output) => output.Length <= OutputLimit
        ? output
        : $"{TextLimit.Cut(output, OutputLimit / 4)}\n{TextLimit.CutStart(output, OutputLimit * 3 / 4)}";
}
