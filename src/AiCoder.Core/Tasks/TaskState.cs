using System.Text.Json.Serialization;

namespace AiCoder.Core.Tasks;

/// <summary>Where a task is. The names, in snake_case, are the wire form.</summary>
[JsonConverter(typeof(WireNameConverter<TaskState>))]
public enum TaskState
{
    Pending,
    Started,
    Cloning,
    Analyzing,
    AwaitingApproval,
    Coding,
    Testing,
    Committing,
    Completed,
    Failed,
    Cancelled,
}
