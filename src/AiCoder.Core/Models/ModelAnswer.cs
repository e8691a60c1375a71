using System.Text.Json;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Models;

/// <summary>A complete answer of the model.</summary>
public sealed record ModelAnswer
{
    public string? Text { get; init; }
    public IReadOnlyList<ToolCall> ToolCalls { get; init; } = [];

    /// <summary><c>stop</c>, <c>tool_calls</c>, <c>length</c>, <c>content_filter</c>, or null where the endpoint did not say.</summary>
    public string? FinishReason { get; init; }

    /// <summary>The model's or its endpoint's own words that it does not answer this; null: it did not say so.</summary>
    public string? Refusal { get; init; }

    /// <summary>One turn and what it cost.</summary>
    public Usage Usage { get; init; } = Usage.Zero;

    /// <summary>It was cut off at the endpoint's length limit; the last tool call is then not whole.</summary>
    public bool CutOff => FinishReason is "length" or "max_tokens" or "MAX_TOKENS" or "model_length";

    /// <summary>
    /// It was withheld by a filter, or the model declined in the field that is meant for it. What there is of it is no answer, and
    /// its calls are not run.
    /// </summary>
    public bool Refused => FinishReason is "content_filter" or "sensitive" or "SAFETY" || (Refusal is not null && ToolCalls.Count == 0);

    /// <summary>Neither words nor calls.</summary>
    public bool Empty => ToolCalls.Count == 0 && string.IsNullOrWhiteSpace(Text);

    /// <summary>
    /// The same without secrets: an endpoint knows its key and may repeat it, and an answer is kept, shown and sent on.
    /// </summary>
    internal ModelAnswer Redacted(SecretRedactor redactor) => this with
    {
        Text = Text is null ? null : redactor.Redact(Text),
        Refusal = Refusal is null ? null : redactor.Redact(Refusal),
        ToolCalls = [.. ToolCalls.Select(call => call with { Id = redactor.Redact(call.Id), Name = redactor.Redact(call.Name), Arguments = Redacted(call.Arguments, redactor) })],
    };

    private static string Redacted(string arguments, SecretRedactor redactor)
    {
        var text = redactor.Redact(arguments);
        if (!text.Contains("\\u", StringComparison.Ordinal))
            return text;
        try
        {
            // Escapes hide a secret only until the arguments are read.
            using var document = JsonDocument.Parse(text);
            var unescaped = JsonSerializer.Serialize(document.RootElement, AiCoderJson.Options);
            return redactor.IndexOf(unescaped) < 0 ? text : redactor.Redact(unescaped);
        }
        catch (JsonException)
        {
            // The model is told so when the tool is called.
            return text;
        }
    }
}
