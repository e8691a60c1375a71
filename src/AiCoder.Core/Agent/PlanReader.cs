using System.Runtime.CompilerServices;
using System.Text.Json;
using AiCoder.Core.Tasks;
using NJsonSchema;

namespace AiCoder.Core.Agent;

/// <summary>Finds the plan in an answer and checks it.</summary>
internal static class PlanReader
{
    // A plan comes after some words or some code; nonsense of braces alone would be tried for hours.
    private const int MostBraces = 1_000;

    private const string Schema = """
        {
          "type": "object",
          "required": ["summary", "files", "changes", "tests"],
          "properties": {
            "summary": { "type": "string", "minLength": 1 },
            "files": { "type": "array", "items": { "type": "string", "minLength": 1 } },
            "changes": { "type": "array", "items": { "type": "string", "minLength": 1 } },
            "tests": { "type": "array", "items": { "type": "string", "minLength": 1 } }
          }
        }
        """;

    /// <summary>The plan, or what is wrong with the answer, as part of a sentence.</summary>
    public static async Task<(Plan? Plan, string Problem)> ReadAsync(string? answer, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(answer))
            return (null, "it is empty");
        if (FindObject(answer) is not { } json)
            return (null, "there is no JSON object in it");
        var problem = await ProblemAsync(json, cancellationToken).ConfigureAwait(false);
        return problem is null ? (JsonSerializer.Deserialize<Plan>(json, AiCoderJson.Options), "") : (null, problem);
    }

    // Apart, so that the validator is loaded only when there is something to check.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<string?> ProblemAsync(string json, CancellationToken cancellationToken)
    {
        var schema = await JsonSchema.FromJsonAsync(Schema, cancellationToken).ConfigureAwait(false);
        var errors = schema.Validate(json);
        return errors.Count == 0 ? null : string.Join("; ", errors.Take(5).Select(error => $"{error.Path}: {error.Kind}"));
    }

    /// <summary>The first JSON object in a text that may have words or a code fence around it.</summary>
    private static string? FindObject(string text)
    {
        var bytes = System.Text.Encoding.UTF8.GetBytes(text);
        var start = Array.IndexOf(bytes, (byte)'{');
        for (var tries = 0; start >= 0 && tries < MostBraces; tries++, start = Array.IndexOf(bytes, (byte)'{', start + 1))
        {
            var reader = new Utf8JsonReader(bytes.AsSpan(start), new JsonReaderOptions { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip });
            try
            {
                using var document = JsonDocument.ParseValue(ref reader);
                return document.RootElement.GetRawText() is var raw && IsStrict(raw) ? raw : JsonSerializer.Serialize(document.RootElement, AiCoderJson.Options);
            }
            catch (JsonException)
            {
                // Not this brace; the next may begin it.
            }
        }

        return null;
    }

    private static bool IsStrict(string json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
