using AiCoder.Core.Activities;
using AiCoder.Core.Agent.Context;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;
using LibGit2Sharp;

namespace AiCoder.Core.Agent;

/// <summary>What the model is told while coding, whichever engine asks it; secrets are taken out.</summary>
/// <param name="Language">In which language it writes what people read (<see cref="OutputLanguage"/>).</param>
/// <param name="Opening">Makes the iteration's first message, which takes a look at the whole repository.</param>
/// <param name="Reminder">Task and plan in short, for when they lie far back.</param>
internal sealed record CodingTexts(string Language, Func<string> Opening, string Reminder)
{
    /// <param name="input">The batch.</param>
    /// <param name="workspace">Has the repository that the opening looks at.</param>
    /// <param name="language">OUTPUT_LANGUAGE.</param>
    /// <param name="redactor">Takes secrets out.</param>
    /// <param name="cancellationToken">Ends the look at the repository.</param>
    public static CodingTexts Of(CodeInput input, Workspace workspace, string? language, SecretRedactor redactor, CancellationToken cancellationToken) => new(
        OutputLanguage.Describe(language),
        () => redactor.Redact(Open(input, workspace, cancellationToken)),
        redactor.Redact(TaskPrompt.Reminder(input.Spec, input.Plan)));

    private static string Open(CodeInput input, Workspace workspace, CancellationToken cancellationToken)
    {
        if (input.Iteration > 1)
            return ValidationFeedback.Render(input.Feedback ?? new TestResults { Verdict = Verdict.Failed });
        using var repository = new Repository(workspace.GitFolderPath);
        var (spec, tree) = (input.Spec, input.Source.Tree);
        var map = RepositoryMap.Render(repository, tree, TaskPrompt.About(spec, input.Plan), spec.Paths, ContextBudget.Coding, out var budget, cancellationToken);
        return TaskPrompt.Code(spec, input.Plan, map, ProjectInstructions.Render(repository.Lookup<Tree>(tree), spec.Paths, budget.Instructions));
    }
}
