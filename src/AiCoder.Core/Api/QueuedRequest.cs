using System.Security.Cryptography;
using System.Text;
using AiCoder.Core.Configuration;
using AiCoder.Core.Tasks;
using AiCoder.Core.Telemetry;

namespace AiCoder.Core.Api;

/// <summary>A message of the queue <see cref="QueueNames.Tasks"/> as a task request.</summary>
public static class QueuedRequest
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>
    /// The JSON in a message's text: the text itself, or what it is the base64 of. Some of Azure's SDKs and its portal encode, others
    /// do not, and no field says which; JSON's first character is none of base64's.
    /// </summary>
    /// <exception cref="TaskRequestException">It is base64 of something that is no UTF-8.</exception>
    public static string Decode(string text)
    {
        text = WithoutMark(text);
        if (text.StartsWith('{'))
            return text;
        // White space between is no part of base64.
        var bytes = new byte[text.Length];
        if (text.Length == 0 || !Convert.TryFromBase64String(text, bytes, out var count))
            return text;
        try
        {
            return WithoutMark(Strict.GetString(bytes, 0, count));
        }
        catch (DecoderFallbackException)
        {
            throw new TaskRequestException([new("", "The message is base64 of something that is no UTF-8 text. Send a task request as JSON, or the base64 of it.")]);
        }
    }

    /// <summary>
    /// The id of a task whose message names none: always the same for the same message, because a message may be delivered again after
    /// its task was taken in.
    /// </summary>
    /// <param name="messageId">The id that the queue gave the message.</param>
    public static string TaskIdOf(string messageId)
    {
        var id = $"queue-{messageId}";
        return TaskAcceptance.IsTaskId(id) ? id : $"queue-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(messageId)).AsSpan(0, 16))}";
    }

    /// <summary>Takes a message.</summary>
    /// <param name="text">As it stands in the queue.</param>
    /// <param name="messageId">The id that the queue gave it.</param>
    /// <param name="options">The operator's.</param>
    /// <exception cref="TaskRequestException">With everything that is wrong with it.</exception>
    public static AcceptedTask Accept(string text, string messageId, AiCoderOptions options) =>
        TaskTrace.Begin(TaskAcceptance.Accept(TaskRequestReader.Read(Decode(text)), options, TaskIdOf(messageId)));

    private static string WithoutMark(string text) => text.Trim().TrimStart('\uFEFF').TrimStart();
}
