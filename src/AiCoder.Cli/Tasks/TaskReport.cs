using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using AiCoder.Cli.Terminal;
using AiCoder.Core;
using AiCoder.Core.Tasks;

namespace AiCoder.Cli.Tasks;

/// <summary>A task as <c>status</c> and <c>list</c> show it.</summary>
internal static class TaskReport
{
    /// <summary>The state, and that it stands still where nobody runs it.</summary>
    public static string State(TaskRecord task) =>
        ProgressText.Of(task.State) + (task is { HasEnded: false, RunBy: null } ? ", stopped" : "");

    public static string Text(TaskRecord task)
    {
        var text = new StringBuilder();
        Line("task", task.TaskId);
        Line("status", task.Progress is { } progress && !task.HasEnded ? $"{State(task)}, {progress.Progress} %" : State(task));
        Line("repository", task.Spec.RepoUrl);
        Line("intent", ProgressText.OneLine(task.Spec.Intent));
        Line("branch", task.Spec.WorkBranch);
        Line("created", Local(task.CreatedAt));
        Line("updated", Local(task.UpdatedAt));
        Line("ended", task.EndedAt is { } ended ? Local(ended) : null);
        Line("run by", task.RunBy);
        Line("cost", ProgressText.Of(task.Usage));
        if (task.Result is { } result)
        {
            Line("commit", result.CommitHash);
            Line("pull request", result.PullRequest?.Url);
            Line("tests", result.TestResults is { } tests ? $"{AiCoderJson.NameOf(tests.Verdict).Replace('_', ' ')} {tests.Reason}".TrimEnd() : null);
            foreach (var change in result.Changes)
                Line("change", ProgressText.OneLine(change));
            Line("error", result.Error?.ToString());
        }
        else if (task.RunBy is null)
        {
            Line("next", $"aicoder resume {task.TaskId}");
        }

        return text.ToString();

        void Line(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value))
                text.Append(name.PadRight(14)).Append(ProgressText.Printable(value)).Append('\n');
        }
    }

    public static string Json(TaskRecord task) => ToNode(task).ToJsonString(AiCoderJson.Indented);

    public static string Json(IReadOnlyList<TaskRecord> tasks) =>
        new JsonArray([.. tasks.Select(task => (JsonNode)ToNode(task))]).ToJsonString(AiCoderJson.Indented);

    // The result as `run` prints it, with what only a journal knows around it.
    private static JsonObject ToNode(TaskRecord task)
    {
        var node = new JsonObject
        {
            ["task_id"] = task.TaskId,
            ["status"] = AiCoderJson.NameOf(task.State),
            ["running"] = task.RunBy is not null,
            ["progress"] = task.Progress?.Progress,
            ["iteration"] = task.Progress?.Iteration,
            ["repo_url"] = task.Spec.RepoUrl,
            ["intent"] = task.Spec.Intent,
            ["work_branch"] = task.Spec.WorkBranch,
            ["created_at"] = task.CreatedAt,
            ["updated_at"] = task.UpdatedAt,
            ["ended_at"] = task.EndedAt,
            ["usage"] = JsonSerializer.SerializeToNode(task.Usage, AiCoderJson.Options),
            ["result"] = JsonSerializer.SerializeToNode(task.Result, AiCoderJson.Options),
        };
        foreach (var name in node.Where(property => property.Value is null).Select(property => property.Key).ToList())
            node.Remove(name);
        return node;
    }

    private static string Local(DateTimeOffset time) => time.LocalDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
}
