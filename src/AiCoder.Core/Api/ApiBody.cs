using System.Text;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Api;

/// <summary>Reads bodies, strictly.</summary>
public static class ApiBody
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The text of a body; empty where there is none.</summary>
    /// <exception cref="TaskRequestException">It is no UTF-8.</exception>
    public static string Text(ReadOnlySpan<byte> body)
    {
        try
        {
            return Utf8.GetString(body).TrimStart('\uFEFF');
        }
        catch (DecoderFallbackException)
        {
            throw new TaskRequestException([new("", "The body is not UTF-8.")]);
        }
    }

    /// <summary>One of the small bodies; an empty one is an empty object.</summary>
    /// <exception cref="TaskRequestException">It is no JSON object of that form; every unknown field is named.</exception>
    internal static T Read<T>(string body)
        where T : class, new() =>
        string.IsNullOrWhiteSpace(body) ? new() : StrictJson.Read<T>(body, "body");
}

/// <summary>Body of <c>cancel</c>.</summary>
public sealed record CancelBody
{
    /// <summary>Why, for people.</summary>
    public string? Reason { get; init; }
}

/// <summary>Body of <c>approve</c>.</summary>
public sealed record ApproveBody
{
    /// <summary>True goes on, false refuses, and the task ends. There is no default.</summary>
    public bool? Approved { get; init; }

    /// <summary>Why, or what to mind.</summary>
    public string? Comment { get; init; }
}

/// <summary>Body of <c>messages</c>.</summary>
public sealed record MessageBody
{
    /// <summary>What to tell the task.</summary>
    public string? Text { get; init; }
}
