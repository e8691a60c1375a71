using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Tasks;

namespace AiCoder.Embedded.Replay;

/// <summary>Reads a custom status that may be a <see cref="TaskProgress"/>.</summary>
internal static class StatusReader
{
    private static readonly TaskProgress Unknown = new() { Status = TaskState.Started };

    /// <summary>The progress; of a workflow that shows something else, one that says no more than that it began.</summary>
    public static TaskProgress Read(string? customStatus)
    {
        if (customStatus is null)
            return Unknown;
        try
        {
            return JsonSerializer.Deserialize<TaskProgress>(customStatus, AiCoderJson.Options) ?? Unknown;
        }
        catch (JsonException)
        {
            // Custom statuses are the workflow's own affair.
            return Unknown;
        }
    }
}
