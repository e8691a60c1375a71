using System.Text.Json.Nodes;

namespace AiCoder.Server.OpenApi;

/// <summary>What the document says about an operation.</summary>
/// <param name="Id">Its name in generated clients.</param>
/// <param name="Summary">What it does, in a line.</param>
/// <param name="Replies">What it answers.</param>
internal sealed record ApiOperation(string Id, string Summary, params IReadOnlyList<ApiReply> Replies)
{
    public string? Description { get; init; }

    /// <summary>The body's form; null: it takes none.</summary>
    public Type? Body { get; init; }
    public bool BodyRequired { get; init; }

    /// <summary>A body, as an example.</summary>
    public JsonNode? Example { get; init; }

    /// <summary>Parameters of the query, with what they mean.</summary>
    public IReadOnlyDictionary<string, string> Parameters { get; init; } = new Dictionary<string, string>();
}

/// <summary>An answer.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="When">When it comes.</param>
/// <param name="Type">The body's form; null: it has none, or is text.</param>
/// <param name="ContentType">Of the body; null: it has none.</param>
internal sealed record ApiReply(int Status, string When, Type? Type = null, string? ContentType = null)
{
    /// <summary>A body, as an example.</summary>
    public JsonNode? Example { get; init; }

    public static ApiReply Json<T>(int status, string when, JsonNode? example = null) => new(status, when, typeof(T), "application/json") { Example = example };

    public static ApiReply Problem(int status, string when) => new(status, when, typeof(Problem), "application/problem+json");
}
