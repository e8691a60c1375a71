using AiCoder.Core.Activities;
using AiCoder.Core.Tasks;

namespace AiCoder.Embedded;

/// <summary>Something a live display wants to know. Not durable, and only of tasks that this host runs.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="At">When (UTC).</param>
/// <param name="Status">Where the workflow is, where that changed; else null.</param>
/// <param name="Activity">What an activity reported; else null.</param>
/// <param name="Result">The result, with the task's last update; else null.</param>
public sealed record ProgressUpdate(
    string TaskId, DateTime At, TaskProgress? Status = null, ActivityProgress? Activity = null, TaskResult? Result = null);
