using AiCoder.Core.Agent.Context;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Agent;

/// <summary>The first message of each stage, and the reminder of it.</summary>
internal static class TaskPrompt
{
    private const int RemindedIntent = 1_500;
    private const int RemindedPlan = 2_000;

    public static string Analyze(TaskSpec spec, string map) =>
        Prompt.Render("analyze-task.v1", ("intent", spec.Intent), ("scope", Scope(spec)), ("map", map));

    /// <param name="spec">The task.</param>
    /// <param name="plan">Its plan.</param>
    /// <param name="map">The repository's map.</param>
    /// <param name="conventions">The repository's own instructions (<see cref="ProjectInstructions"/>); empty: it has none.</param>
    public static string Code(TaskSpec spec, Plan plan, string map, string conventions) => Prompt.Render(
        "task.v2",
        ("intent", spec.Intent),
        ("plan", Render(plan)),
        ("scope", Scope(spec)),
        ("conventions", conventions.Length == 0 ? "" : $"\n# The project's conventions, quoted from the repository\n\n{conventions}\n"),
        ("map", map));

    /// <summary>The task and its plan in short, for later in a long conversation.</summary>
    public static string Reminder(TaskSpec spec, Plan plan) => Prompt.Render(
        "plan.v1", ("intent", ContextBudget.Cut(spec.Intent, RemindedIntent)), ("plan", ContextBudget.Cut(Render(plan), RemindedPlan)));

    /// <summary>What the plan speaks of, for finding what matters to it.</summary>
    public static string About(TaskSpec spec, Plan plan) => string.Join('\n', [spec.Intent, plan.Summary, .. plan.Files, .. plan.Changes]);

    private static string Scope(TaskSpec spec)
    {
        var lines = new List<string>();
        if (spec.Paths.Count > 0)
            lines.Add($"Only these folders may be changed: {string.Join(", ", spec.Paths)}.");
        if (!spec.AllowCiChanges)
            lines.Add("Files of continuous integration and of agents' settings may not be changed; AGENTS.md and its like only where the task names them.");
        return lines.Count == 0 ? "" : $"\n{string.Join('\n', lines)}\n";
    }

    private static string Render(Plan plan)
    {
        var parts = new List<string> { plan.Summary };
        Add("Files", plan.Files);
        Add("Changes", plan.Changes);
        Add("Tests", plan.Tests);
        return string.Join('\n', parts);

        void Add(string title, IReadOnlyList<string> items)
        {
            if (items.Count > 0)
                parts.Add($"{title}:\n{string.Join('\n', items.Select(item => $"- {item}"))}");
        }
    }
}
