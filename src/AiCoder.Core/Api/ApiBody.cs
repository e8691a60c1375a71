using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
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

    private static readonly JsonSerializerOptions Strict =
        new(AiCoderJson.Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, AllowDuplicateProperties = false };

    /// <summary>One of the small bodies; an empty one is an empty object.</summary>
    /// <exception cref="TaskRequestException">It is no JSON object of that form.</exception>
    internal static T Read<T>(string body)
        where T : class, new()
    {
        if (string.IsNullOrWhiteSpace(body))
            return new();
        try
        {
            return JsonSerializer.Deserialize<T>(body, Strict) ?? new();
        }
        catch (JsonException)
        {
            var fields = string.Join(", ", Strict.GetTypeInfo(typeof(T)).Properties.Select(property => property.Name));
            throw new TaskRequestException([new("", $"The body must be a JSON object with these fields and no others: {fields}.")]);
        }
    }
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
    /// <summary>Default true; false refuses, and the task ends.</summary>
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
