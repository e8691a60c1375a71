using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using AiCoder.Core.Activities;
using AiCoder.Core.Tasks;

namespace AiCoder.Core;

/// <summary>
/// The one form of JSON that crosses a boundary: snake_case, enums by name, null parts left out, Chinese text as itself.
/// </summary>
public static class AiCoderJson
{
    /// <summary>For journals, histories, bodies and results.</summary>
    public static JsonSerializerOptions Options { get; } = Create(indented: false);

    /// <summary>The same, for people.</summary>
    public static JsonSerializerOptions Indented { get; } = Create(indented: true);

    /// <summary>The wire name of an enum's value.</summary>
    public static string NameOf<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    private static JsonSerializerOptions Create(bool indented)
    {
        var options = new JsonSerializerOptions(AiCoderJsonContext.Default.Options)
        {
            // Results are read by people and by programs that parse JSON, never pasted into HTML.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            WriteIndented = indented,
        };
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        options.TypeInfoResolverChain.Add(new System.Text.Json.Serialization.Metadata.DefaultJsonTypeInfoResolver());
        options.MakeReadOnly();
        return options;
    }
}

/// <summary>Generated at build time, because reflection over these types costs the start of the program tens of milliseconds.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TaskRequest))]
[JsonSerializable(typeof(TaskSpec))]
[JsonSerializable(typeof(TaskSecrets))]
[JsonSerializable(typeof(TaskResult))]
[JsonSerializable(typeof(TaskEvent))]
[JsonSerializable(typeof(CloneInput))]
[JsonSerializable(typeof(AnalyzeInput))]
[JsonSerializable(typeof(CodeInput))]
[JsonSerializable(typeof(ValidateInput))]
[JsonSerializable(typeof(CommitInput))]
[JsonSerializable(typeof(NotifyInput))]
[JsonSerializable(typeof(Outcome<CloneOutput>))]
[JsonSerializable(typeof(Outcome<AnalyzeOutput>))]
[JsonSerializable(typeof(Outcome<CodeOutput>))]
[JsonSerializable(typeof(Outcome<ValidateOutput>))]
[JsonSerializable(typeof(Outcome<CommitOutput>))]
[JsonSerializable(typeof(Outcome<NotifyOutput>))]
[JsonSerializable(typeof(Agent.TranscriptEntry))]
internal sealed partial class AiCoderJsonContext : JsonSerializerContext;
