using System.Text.Json;
using System.Text.Json.Nodes;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Api;

/// <summary>A task as the API shows it: its result (or what is known of it so far), and around it what it is and when.</summary>
internal static class TaskDocument
{
    /// <summary>Everything.</summary>
    public static JsonObject Of(TaskRecord task)
    {
        var result = task.Result ?? new TaskResult
        {
            TaskId = task.TaskId,
            Status = task.State,
            Usage = task.Usage,
            Iterations = task.Progress?.Iteration ?? 0,
            Metadata = task.Spec.Metadata,
        };
        var document = JsonSerializer.SerializeToNode(result, AiCoderJson.Options)!.AsObject();
        AddFrame(document, task);
        return document;
    }

    /// <summary>One line of a list.</summary>
    public static JsonNode Line(TaskRecord task)
    {
        var line = new JsonObject { ["task_id"] = task.TaskId, ["status"] = AiCoderJson.NameOf(task.State) };
        if (task.Result?.CommitHash is { } commit)
            line["commit_hash"] = commit;
        if (task.Result?.Error is { } error)
            line["error"] = JsonSerializer.SerializeToNode(error, AiCoderJson.Options);
        AddFrame(line, task);
        return line;
    }

    private static void AddFrame(JsonObject document, TaskRecord task)
    {
        document["progress"] = task.State == TaskState.Completed ? 100 : task.Progress?.Progress ?? 0;
        document["repo_url"] = task.Spec.RepoUrl;
        document["intent"] = task.Spec.Intent;
        document["work_branch"] = task.Spec.WorkBranch;
        document["created_at"] = task.CreatedAt;
        document["updated_at"] = task.UpdatedAt;
        if (task.EndedAt is { } ended)
            document["ended_at"] = ended;
    }
}
