using AiCoder.Core.Activities;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Validation;

/// <summary>
/// Checks a work tree: prepares it, checks the syntax of what changed, runs the project's tests, and compares with the untouched
/// clone. A red test is a result, never a failure of ours.
/// </summary>
public sealed class Validator(ISandbox sandbox, SecretRedactor redactor)
{
    /// <summary>Runs one validation to its end. Cancelling kills what runs.</summary>
    public async Task<TestResults> RunAsync(ValidationRequest request, CancellationToken cancellationToken)
    {
        var commands = new ValidationCommands(sandbox, redactor, request);
        var (projects, programs, prepared) = await PrepareAsync(commands, request, cancellationToken).ConfigureAwait(false);
        var reports = new List<CommandReport>(prepared);
        if (request.Purpose == ValidationPurpose.Baseline && request.Options.Baseline == false)
            return new() { Verdict = Verdict.NotRun, Reason = "the baseline was not asked for", Commands = reports };

        if (request.Purpose == ValidationPurpose.Changes)
            reports.AddRange(await new SyntaxChecks(commands, request, programs).RunAsync(cancellationToken).ConfigureAwait(false));

        var modules = new ModuleOwnership(request.WorkTree, request.Changes);
        foreach (var (directory, command) in Checks(request, projects))
            reports.Add(await CheckAsync(commands, request, programs, modules, command, directory, cancellationToken).ConfigureAwait(false));

        return ValidationVerdict.Of(reports, request, projects);
    }

    /// <summary>Only installs what the repository needs, where that was not done in this work tree yet.</summary>
    public Task PrepareAsync(ValidationRequest request, CancellationToken cancellationToken) =>
        PrepareAsync(new ValidationCommands(sandbox, redactor, request), request, cancellationToken);

    private static async Task<(IReadOnlyList<Project> Projects, IReadOnlySet<string> Programs, IReadOnlyList<CommandReport> Reports)> PrepareAsync(
        ValidationCommands commands, ValidationRequest request, CancellationToken cancellationToken)
    {
        var programs = await commands.FindProgramsAsync(ProjectDetector.Programs, cancellationToken).ConfigureAwait(false);
        var projects = ProjectDetector.Detect(request.WorkTree, programs, request.Network == ValidationNetwork.All);
        return (projects, programs, await new Preparation(commands, request).RunAsync(projects, programs, cancellationToken).ConfigureAwait(false));
    }

    private static IEnumerable<(string Directory, ProjectCommand Command)> Checks(ValidationRequest request, IReadOnlyList<Project> projects) =>
        request.Options.Commands is { } given
            ? given.Select(line => (".", new ProjectCommand(line, Program: null)))
            : projects.SelectMany(project => project.Checks.Select(command => (project.Directory, command)));

    private static async Task<CommandReport> CheckAsync(
        ValidationCommands commands,
        ValidationRequest request,
        IReadOnlySet<string> programs,
        ModuleOwnership modules,
        ProjectCommand command,
        string directory,
        CancellationToken cancellationToken)
    {
        if (command.Program is { } program && !programs.Contains(program))
        {
            return new()
            {
                Command = command.Line,
                Directory = directory,
                Purpose = command.Purpose,
                Verdict = Verdict.NotRun,
                Reason = $"toolchain missing: {program} is not installed where validation runs",
            };
        }

        var before = BaselineComparison.Find(request.Baseline, command.Line, directory, command.Purpose);
        var outcome = await commands.RunAsync(command.Line, directory, command.Purpose, request.Network == ValidationNetwork.All, cancellationToken).ConfigureAwait(false);
        var verdict = CommandVerdict.Of(command.Line, outcome, modules, before, request.Timeout);
        return BaselineComparison.Compare(commands.Report(command.Line, directory, command.Purpose, outcome, verdict), before);
    }
}
