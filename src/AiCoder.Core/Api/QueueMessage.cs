using System.Text;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Api;

/// <summary>The queue of task requests: one request a message.</summary>
public static class QueueMessage
{
    public const string Queue = "aicoder-tasks";

    /// <summary>Where messages end that can't be taken. The name is the one that Azure Functions gives it.</summary>
    public const string PoisonQueue = Queue + "-poison";

    /// <summary>The request's JSON. Some clients send it as it is, others in base64.</summary>
    /// <exception cref="TaskRequestException">It is neither.</exception>
    public static string Decode(string text)
    {
        var trimmed = text.Trim();
        if (trimmed.StartsWith('{'))
            return trimmed;
        var bytes = new byte[trimmed.Length];
        return Convert.TryFromBase64String(trimmed, bytes, out var length)
            ? Encoding.UTF8.GetString(bytes, 0, length).TrimStart('\uFEFF')
            : throw new TaskRequestException([new("", "The message is neither a JSON object nor one in base64.")]);
    }
}
