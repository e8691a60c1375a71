using System.Globalization;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Commits;

/// <summary>How the change was validated, for people.</summary>
internal static class ValidationText
{
    private const int MostCommands = 10;
    private const int LongestCommand = 200;

    /// <summary>One sentence; says plainly where nothing was tested.</summary>
    public static string Sentence(TestResults results)
    {
        var run = string.Join(", ", results.Commands.Where(command => command.Verdict != Verdict.NotRun).Take(MostCommands).Select(Command));
        return results.Verdict switch
        {
            Verdict.Passed => run.Length == 0 ? "passed." : $"passed: {run}.",
            Verdict.Failed => $"FAILED. {results.Reason} {(run.Length == 0 ? "" : run + ".")}".TrimEnd(),
            _ => $"nothing was tested: {(results.Reason ?? "no tests were run").TrimEnd('.')}.",
        };
    }

    private static string Command(CommandReport report)
    {
        var command = TextLimit.Cut(report.Command, LongestCommand);
        var where = report.Directory == "." ? "" : $" in {report.Directory}";
        var verdict = report.Verdict == Verdict.Passed ? "" : report.PreExisting ? ", failed before as well" : ", failed";
        return string.Create(CultureInfo.InvariantCulture, $"{command}{where} ({report.DurationSeconds:0.0} s{verdict})");
    }
}
