namespace AiCoder.Core.Tasks;

/// <summary>Reads a task request from JSON, strictly: an unknown field is a problem that names it.</summary>
public static class TaskRequestReader
{
    /// <summary>A request of more bytes than this is refused unread.</summary>
    public const int LargestRequest = 256 * 1024;

    /// <summary>Reads a request.</summary>
    /// <exception cref="TaskRequestException">It is no JSON object of the request's form; every unknown field is named.</exception>
    public static TaskRequest Read(string json) => json.Length <= LargestRequest
        ? StrictJson.Read<TaskRequest>(json, "request", ", like {\"repo_url\": …, \"intent\": …}")
        : throw new TaskRequestException([new("", $"The request has {json.Length} characters; at most {LargestRequest} are read.")]);
}
