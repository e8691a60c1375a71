using AiCoder.Core.Sandbox;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation;

/// <summary>What a command's end means.</summary>
/// <param name="Verdict">Passed, failed, or nothing was tested.</param>
/// <param name="Reason">Why, where the verdict alone does not say it.</param>
/// <param name="FailedTests">The names the runner printed.</param>
internal sealed record CommandVerdict(Verdict Verdict, string? Reason, IReadOnlyList<string> FailedTests)
{
    public const string NoTests = "no tests found";

    private const int PytestNoTests = 5;
    private const int NotFound = 127;

    /// <summary>Judges a test or build.</summary>
    /// <param name="line">The command.</param>
    /// <param name="outcome">How it ended.</param>
    /// <param name="modules">Whose a missing module is.</param>
    /// <param name="before">The same command on the untouched clone; null: not known.</param>
    /// <param name="timeout">Its bound, for the reason.</param>
    public static CommandVerdict Of(string line, CommandOutcome outcome, ModuleOwnership modules, CommandReport? before, TimeSpan timeout)
    {
        var output = outcome.Output;
        if (outcome.Ending != CommandEnding.Exited)
            return new(Verdict.Failed, BoundReason(outcome.Ending, timeout), FailedTestNames.In(output));
        if (outcome.Succeeded)
        {
            return RunnerOutput.SaysNoTests(output) || IsSilentDotNetTest(line, output)
                ? new(Verdict.NotRun, NoTests, [])
                : new(Verdict.Passed, null, []);
        }

        var failed = FailedTestNames.In(output);
        if (failed.Count == 0 && (RunnerOutput.SaysNoTests(output) || (outcome.ExitCode == PytestNoTests && line.Contains("pytest", StringComparison.Ordinal))))
            return new(Verdict.NotRun, NoTests, []);

        return Absence(outcome, modules, before, failed) is { } missing
            ? new(Verdict.NotRun, missing, [])
            : new(Verdict.Failed, null, failed);
    }

    /// <summary>The sentence for a bound that was hit; null where it ended by itself.</summary>
    public static string? BoundReason(CommandEnding ending, TimeSpan timeout) => ending switch
    {
        CommandEnding.TimedOut => $"ran longer than {timeout.TotalSeconds:0} s and was ended",
        CommandEnding.OutOfMemory => "used more memory than the sandbox allows and was ended",
        CommandEnding.TooManyProcesses => "started more processes than the sandbox allows and was ended",
        CommandEnding.TooMuchOutput => "printed without end and was ended",
        _ => null,
    };

    private static string? Absence(CommandOutcome outcome, ModuleOwnership modules, CommandReport? before, IReadOnlyList<string> failed)
    {
        var output = outcome.Output;
        // It worked on the untouched clone, so whatever is missing now, the changes brought.
        var workedBefore = before is { Verdict: Verdict.Passed } or { Verdict: Verdict.Failed, FailedTests.Count: > 0 };
        if (!workedBefore && failed.Count == 0)
        {
            if (RunnerOutput.MissingToolchain(output) is { } toolchain)
                return $"toolchain missing: {toolchain}";
            if (outcome.ExitCode == NotFound && RunnerOutput.MissingProgram(output) is { } program)
            {
                return ProjectDetector.Programs.Contains(program)
                    ? $"toolchain missing: {program} is not installed where validation runs"
                    : $"dependencies missing: the program '{program}' is not installed";
            }

            if (RunnerOutput.MissingPackage(output) is { } package)
                return $"dependencies missing: {package}";
        }

        // Test files that could not even be loaded count by their file; a test that ran and failed is a failure all the same.
        if (failed.Any(name => !IsLoadFailure(name)))
            return null;
        var missing = RunnerOutput.MissingModules(output);
        return missing.Count > 0 && missing.All(module => !modules.IsOwn(module) && (!workedBefore || modules.IsDeclared(module)))
            ? $"dependencies missing: {string.Join(", ", missing.Select(module => module.Name).Distinct().Take(5))}"
            : null;
    }

    private static bool IsLoadFailure(string name) =>
        name.Contains("_FailedTest", StringComparison.Ordinal)
        || (!name.Contains("::", StringComparison.Ordinal) && !name.Contains(" > ", StringComparison.Ordinal)
            && Path.GetExtension(name) is ".py" or ".js" or ".mjs" or ".cjs" or ".ts" or ".tsx" or ".jsx");

    // dotnet test on projects without tests builds them, says nothing of tests and ends with 0.
    private static bool IsSilentDotNetTest(string line, string output) =>
        line.StartsWith("dotnet test", StringComparison.Ordinal) && !RunnerOutput.SaysTestsRan(output);
}
