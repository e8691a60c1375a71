using AiCoder.Core.Tasks;

namespace AiCoder.Embedded.Tests;

/// <summary>Tasks and results with nothing special about them.</summary>
internal static class Specs
{
    public static TaskSpec Of(string taskId, string repository = "https://git.example.com/g/p.git", string intent = "添加登录功能") => new()
    {
        TaskId = taskId,
        RepoUrl = repository,
        Intent = intent,
        WorkBranch = $"ai/{taskId}",
        Model = "scripted",
    };

    public static TaskResult Completed(TaskSpec spec, string? summary = null) =>
        new() { TaskId = spec.TaskId, Status = TaskState.Completed, Summary = summary };
}
