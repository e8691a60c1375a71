using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace AiCoder.Core.Tasks;

/// <summary>One event of a task, in the webhook's form.</summary>
/// <param name="TaskId">The task.</param>
/// <param name="Status">What happened; its wire name stands in the body.</param>
/// <param name="Timestamp">When, UTC.</param>
/// <param name="Data">What belongs to it, with <c>progress</c> (0 to 100) and <c>sequence</c> (from 1, without gaps).</param>
public sealed record TaskEvent(string TaskId, TaskState Status, DateTime Timestamp, JsonObject Data)
{
    /// <summary>Its place among the task's events.</summary>
    [JsonIgnore]
    public int Sequence => (int?)Data["sequence"] ?? 0;
}
