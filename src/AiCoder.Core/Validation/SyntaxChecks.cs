using AiCoder.Core.Sandbox;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Validation;

/// <summary>
/// Looks whether the changed files can be parsed at all, without running them: by their own language's parser in the sandbox, data
/// formats and C# in this process. A language whose parser is not there is left out.
/// </summary>
internal sealed class SyntaxChecks(ValidationCommands commands, ValidationRequest request, IReadOnlySet<string> programs)
{
    private const int MaxFiles = 500;

    /// <summary>One report for each language that was checked.</summary>
    public async Task<IReadOnlyList<CommandReport>> RunAsync(CancellationToken cancellationToken)
    {
        var files = request.Changes
            .Where(change => change.Kind != ChangeKind.Deleted)
            .Select(change => change.Path)
            .Where(path => !SyntaxCheckers.IsExempt(path) && new FileInfo(Path.Combine(request.WorkTree, path)) is { Exists: true, LinkTarget: null })
            .Take(MaxFiles)
            .ToList();
        var reports = new List<CommandReport>();
        foreach (var checker in SyntaxCheckers.All)
        {
            var found = files.Where(file => checker.Extensions.Contains(Path.GetExtension(file))).ToList();
            if (found.Count == 0 || !programs.Contains(checker.Program))
                continue;
            request.Report(checker.Name);
            var outcome = await commands.RunQuietlyAsync(checker.Command(found), ".", SandboxPurpose.Syntax, network: false, cancellationToken).ConfigureAwait(false);
            if (outcome is { Ending: not CommandEnding.Exited } or { ExitCode: 0 or SyntaxCheckers.Broken })
                reports.Add(commands.Report(Title(checker.Name, found), ".", CommandPurpose.Syntax, outcome, Verdict(outcome)));
        }

        if (InProcessSyntax.Check(request.WorkTree, files) is { } parsed)
            reports.Add(parsed);
        return reports;
    }

    private CommandVerdict Verdict(CommandOutcome outcome) => outcome switch
    {
        { Succeeded: true } => new(Tasks.Verdict.Passed, null, []),
        { Ending: not CommandEnding.Exited } => new(Tasks.Verdict.NotRun, CommandVerdict.BoundReason(outcome.Ending, request.Timeout), []),
        _ when RunnerOutput.MissingToolchain(outcome.Output) is { } missing => new(Tasks.Verdict.NotRun, $"toolchain missing: {missing}", []),
        _ => new(Tasks.Verdict.Failed, "syntax errors", []),
    };

    internal static string Title(string name, List<string> files) => files.Count <= 3
        ? $"{name} {string.Join(' ', files)}"
        : $"{name} ({files.Count} files)";
}
