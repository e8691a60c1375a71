using AiCoder.Core.Processes;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation;

/// <summary>What the commands' verdicts come to.</summary>
internal static class ValidationVerdict
{
    public static TestResults Of(IReadOnlyList<CommandReport> reports, ValidationRequest request, IReadOnlyList<Project> projects)
    {
        var failed = reports.Where(report => report is { Verdict: Verdict.Failed, PreExisting: false }).ToList();
        if (failed.Count > 0)
            return new() { Verdict = Verdict.Failed, Reason = Sentence(failed), Commands = reports };

        var tests = reports.Where(report => report.Purpose == CommandPurpose.Test).ToList();
        var existing = reports.Where(report => report.PreExisting).ToList();
        var notRun = tests.Where(report => report.Verdict == Verdict.NotRun).ToList();
        if (tests.Any(report => report.Verdict != Verdict.NotRun))
        {
            var remarks = existing.Select(report => $"{Name(report)} failed on the untouched clone as well.")
                .Concat(notRun.Select(report => $"{Name(report)} tested nothing: {report.Reason}."));
            return new() { Verdict = Verdict.Passed, Reason = Join(remarks), Commands = reports };
        }

        if (GoneTests(request, notRun) is { Count: > 0 } gone)
        {
            return new()
            {
                Verdict = Verdict.Failed,
                Reason = $"No tests are found any more, although the untouched clone had some: {Join(gone.Select(Name))}. Put the tests back, or replace them with others that run.",
                Commands = reports,
            };
        }

        return new() { Verdict = Verdict.NotRun, Reason = NotRunReason(reports, notRun, request, projects), Commands = reports };
    }

    /// <summary>What tested something on the untouched clone, where nothing is left that tests: a change may not pass by deleting tests.</summary>
    private static List<CommandReport> GoneTests(ValidationRequest request, List<CommandReport> notRun) =>
        notRun.Any(report => report.Reason != CommandVerdict.NoTests)
            ? []
            : [.. (request.Baseline?.Commands ?? []).Where(report => report is { Purpose: CommandPurpose.Test, Verdict: not Verdict.NotRun })];

    private static string NotRunReason(
        IReadOnlyList<CommandReport> reports, List<CommandReport> notRun, ValidationRequest request, IReadOnlyList<Project> projects)
    {
        if (request.Options.Commands is { Count: 0 })
            return "No tests were run: the task asks for none.";
        if (notRun.Count == 0)
        {
            var why = projects.Where(project => project.NoTests is not null).Select(project => At(project.NoTests!, project.Directory));
            return $"No tests found: {(projects.Count == 0 ? "this is no kind of project that is known here" : string.Join("; ", why))}.";
        }

        // Why the dependencies are missing says more than that they are.
        var prepared = reports.Where(report => report is { Purpose: CommandPurpose.Prepare, Verdict: Verdict.NotRun })
            .Select(report => $"{Name(report)}: {report.Reason}.");
        var missing = notRun.Any(report => report.Reason?.StartsWith("dependencies missing", StringComparison.Ordinal) == true);
        return Join(notRun.Select(report => $"{Name(report)} tested nothing: {report.Reason}.").Concat(missing ? prepared : [])) ?? "";
    }

    private static string Sentence(List<CommandReport> failed) =>
        Join(failed.Select(report => $"{Name(report)} {Why(report)}.")) ?? "";

    private static string Why(CommandReport report)
    {
        var names = report.FailedTests.Count == 0 || report.Reason is not null
            ? ""
            : ": " + string.Join(", ", report.FailedTests.Take(5)) + (report.FailedTests.Count > 5 ? $" and {report.FailedTests.Count - 5} more" : "");
        return report.Reason is { } reason ? $"failed ({reason})" : $"failed with exit code {report.ExitCode}{names}";
    }

    private static string Name(CommandReport report) => At($"`{report.Command}`", report.Directory);

    private static string At(string text, string directory) => directory == "." ? text : $"{text} in {directory}";

    private static string? Join(IEnumerable<string> sentences)
    {
        var text = string.Join(' ', sentences);
        return text.Length == 0 ? null : BoundedOutput.Cut(text, 2_000);
    }
}
