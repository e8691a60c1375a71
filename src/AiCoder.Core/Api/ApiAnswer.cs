using System.Text.Json;
using System.Text.Json.Nodes;

namespace AiCoder.Core.Api;

/// <summary>An answer of the HTTP API, which a host writes as it is.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="ContentType">Of the body.</param>
/// <param name="Body">The body, UTF-8; empty: none.</param>
public sealed record ApiAnswer(int Status, string ContentType, string Body)
{
    public const string JsonType = "application/json; charset=utf-8";
    public const string ProblemType = "application/problem+json; charset=utf-8";

    /// <summary>The path of the thing that was made, for the Location header; null: no such header.</summary>
    public string? Location { get; init; }

    /// <summary>Seconds for the Retry-After header; null: no such header.</summary>
    public int? RetryAfter { get; init; }

    public static ApiAnswer Json(int status, JsonNode body) => new(status, JsonType, body.ToJsonString(AiCoderJson.Options));

    public static ApiAnswer Json<T>(int status, T body) => new(status, JsonType, JsonSerializer.Serialize(body, AiCoderJson.Options));

    public static ApiAnswer Text(string contentType, string body) => new(200, contentType + "; charset=utf-8", body);

    public static ApiAnswer Empty(int status) => new(status, "", "");

    /// <summary>An error by RFC 9457.</summary>
    /// <param name="status">The HTTP status.</param>
    /// <param name="title">What kind of error, always the same words for the same kind.</param>
    /// <param name="detail">What went wrong here and what to do; holds no secret.</param>
    /// <param name="further">Further members.</param>
    public static ApiAnswer Problem(int status, string title, string detail, JsonObject? further = null)
    {
        var body = new JsonObject { ["type"] = "about:blank", ["title"] = title, ["status"] = status, ["detail"] = detail };
        foreach (var (name, value) in further ?? [])
            body[name] = value?.DeepClone();
        return new(status, ProblemType, body.ToJsonString(AiCoderJson.Options));
    }
}
