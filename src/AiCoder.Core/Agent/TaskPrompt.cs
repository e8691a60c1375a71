using AiCoder.Core.Tasks;

namespace AiCoder.Core.Agent;

/// <summary>The first message of each stage.</summary>
internal static class TaskPrompt
{
    public static string Analyze(TaskSpec spec, string map) =>
        Prompt.Render("analyze-task.v1", ("intent", spec.Intent), ("scope", Scope(spec)), ("map", map));

    public static string Code(TaskSpec spec, Plan plan, string map) =>
        Prompt.Render("task.v1", ("intent", spec.Intent), ("plan", Render(plan)), ("scope", Scope(spec)), ("map", map));

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
