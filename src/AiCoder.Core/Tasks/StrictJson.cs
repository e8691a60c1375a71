using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace AiCoder.Core.Tasks;

/// <summary>Reads what callers send as JSON, strictly: an unknown field or a value of the wrong kind is a problem that names it.</summary>
internal static class StrictJson
{
    private static readonly JsonSerializerOptions Strict = new(AiCoderJson.Options) { AllowDuplicateProperties = false };

    /// <summary>Reads an object.</summary>
    /// <param name="json">The text.</param>
    /// <param name="what">What it is called in a message, such as <c>body</c>.</param>
    /// <param name="example">How one looks, for a message; empty: not said.</param>
    /// <exception cref="TaskRequestException">It is no JSON object of that form; every unknown field is named.</exception>
    public static T Read<T>(string json, string what, string example = "")
        where T : class
    {
        try
        {
            // Parsed twice, because the serializer stops at the first unknown field and does not say where it stands.
            using var document = JsonDocument.Parse(json, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new TaskRequestException([new("", $"The {what} must be a JSON object{example}.")]);

            var unknown = Unknown(document.RootElement, Strict.GetTypeInfo(typeof(T)), "").ToList();
            if (unknown.Count > 0)
                throw new TaskRequestException(unknown);
            return document.RootElement.Deserialize<T>(Strict)!;
        }
        catch (JsonException exception)
        {
            throw new TaskRequestException([Explain(exception, what)]);
        }
    }

    private static IEnumerable<RequestProblem> Unknown(JsonElement element, JsonTypeInfo type, string path)
    {
        if (element.ValueKind != JsonValueKind.Object || type.Kind != JsonTypeInfoKind.Object)
            yield break;
        foreach (var property in element.EnumerateObject())
        {
            var name = path + property.Name;
            var known = type.Properties.FirstOrDefault(candidate => candidate.Name == property.Name);
            if (known is null)
                yield return new(name, $"Unknown field '{name}'. Known here: {string.Join(", ", type.Properties.Select(candidate => candidate.Name))}.");
            else if (known.PropertyType != typeof(JsonElement?) && known.PropertyType != typeof(JsonObject))
            {
                foreach (var problem in Unknown(property.Value, Strict.GetTypeInfo(known.PropertyType), name + "."))
                    yield return problem;
            }
        }
    }

    // The serializer's own message names .NET types; a caller wants the field.
    private static RequestProblem Explain(JsonException exception, string what)
    {
        var field = exception.Path is { Length: > 2 } path ? path[2..] : "";
        return field.Length > 0
            ? new(field, $"The field '{field}' has a value of the wrong kind.{(exception is WireNameException names ? " " + names.Message : "")}")
            : new("", exception.LineNumber is { } line
                ? $"The {what} is not valid JSON: line {line + 1}, byte {exception.BytePositionInLine + 1}."
                : $"The {what} is not valid JSON: it holds a field twice.");
    }
}
