using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Tasks;
using AiCoder.Embedded.Journal;
using AiCoder.Embedded.Leases;
using AiCoder.Embedded.Replay;

namespace AiCoder.Embedded.Runner;

/// <summary>Makes records of rows.</summary>
internal static class TaskRecords
{
    public static TaskSpec Spec(TaskRow row) => JsonSerializer.Deserialize<TaskSpec>(row.Spec, AiCoderJson.Options)!;

    /// <summary>The owner that runs a task; null where it has none or that one's lease is over.</summary>
    public static Owner? LiveOwner(JournalConnection connection, TaskRow row, long now) =>
        row.Owner is { } id && OwnerTable.Find(connection, id) is { } owner && owner.IsLive(now) ? owner : null;

    public static TaskRecord Of(TaskRow row, Owner? liveOwner)
    {
        var result = row.Result is null ? null : JsonSerializer.Deserialize<TaskResult>(row.Result, AiCoderJson.Options);
        var progress = row.CustomStatus is null ? null : StatusReader.Read(row.CustomStatus);
        return new()
        {
            Number = row.Number,
            TaskId = row.Id,
            Spec = Spec(row),
            State = result?.Status ?? RunningState(row, progress),
            Progress = progress,
            CustomStatus = row.CustomStatus is null ? null : JsonElement.Parse(row.CustomStatus),
            Result = result,
            Usage = result?.Usage ?? progress?.Usage ?? Usage.Zero,
            CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.CreatedAt),
            UpdatedAt = DateTimeOffset.FromUnixTimeMilliseconds(row.UpdatedAt),
            EndedAt = row.EndedAt is { } ended ? DateTimeOffset.FromUnixTimeMilliseconds(ended) : null,
            RunBy = liveOwner?.Process.ToString(),
        };
    }

    private static TaskState RunningState(TaskRow row, TaskProgress? progress) => row.State switch
    {
        RowState.Pending or RowState.Reserved or RowState.Unconfirmed => TaskState.Pending,
        _ => TaskProgress.RunningState(progress),
    };
}
