using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation;

/// <summary>Takes out what failed on the untouched clone already.</summary>
internal static class BaselineComparison
{
    /// <summary>The same command's report on the untouched clone; null: there is none.</summary>
    public static CommandReport? Find(TestResults? baseline, string line, string directory, CommandPurpose purpose) =>
        baseline?.Commands.FirstOrDefault(report => report.Command == line && report.Directory == directory && report.Purpose == purpose);

    /// <summary>Marks a failure that was there before as pre-existing; names what fails newly in a command that was red before.</summary>
    public static CommandReport Compare(CommandReport report, CommandReport? before)
    {
        if (report.Verdict != Verdict.Failed || before is not { Verdict: Verdict.Failed })
            return report;

        // Without names then, the command was red as a whole; with a full list of names then, one more could not be told.
        if (before.FailedTests.Count is 0 or >= FailedTestNames.Limit)
            return Existing(report);

        // It printed names and now prints none: it fails otherwise than before (it no longer builds, or hangs).
        if (report.FailedTests.Count == 0)
            return report with { Reason = report.Reason ?? "fails in another way than on the untouched clone" };

        var known = before.FailedTests.ToHashSet(StringComparer.Ordinal);
        var added = report.FailedTests.Where(name => !known.Contains(name)).ToList();
        return added.Count == 0
            ? Existing(report)
            : report with { Reason = "newly failing: " + string.Join(", ", added.Take(10)) + (added.Count > 10 ? $" and {added.Count - 10} more" : "") };
    }

    private static CommandReport Existing(CommandReport report) =>
        report with { PreExisting = true, Reason = report.Reason ?? "fails on the untouched clone as well" };
}
