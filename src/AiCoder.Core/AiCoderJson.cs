using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using AiCoder.Core.Activities;
using AiCoder.Core.Agent;
using AiCoder.Core.Models;
using AiCoder.Core.Tasks;
using AiCoder.Core.Validation;
using AiCoder.Core.Workflow;
using AiCoder.Core.Workspaces;

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
        where T : struct, Enum => WireNames<T>.Of(value);

    /// <summary>A field's text in JSON that others wrote; null: there is none, or it is no text.</summary>
    internal static string? TextOf(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>
    /// Runs what a task's start serializes once, for a process that begins with one: the serializer's code over our value types can't
    /// be compiled ahead of time, and so it is compiled beside the rest of the start instead of in the middle of it.
    /// </summary>
    public static void WarmUp()
    {
        var spec = new TaskSpec { TaskId = "", RepoUrl = "", Intent = "", WorkBranch = "", Model = "" };
        var source = new CloneOutput("", "", "", null, [], false);
        var plan = new Outcome<AnalyzeOutput> { Value = new(new Plan(), Usage.Zero) };
        RoundTrip(new TaskRequest { Validation = new(), Limits = new() });
        RoundTrip(new CloneInput(spec));
        RoundTrip(new NotifyInput(null, new TaskEvent("", TaskState.Started, default, []), 1));
        RoundTrip(new TaskProgress { Status = TaskState.Started });
        RoundTrip(new Outcome<CloneOutput> { Value = source });
        RoundTrip(new ValidateInput(spec, source, ValidationPurpose.Baseline, "", new TestResults { Verdict = Verdict.Passed, Commands = [new() { Command = "" }] }));
        RoundTrip<TranscriptEntry>(new MessageEntry { Stage = "", Role = "", Source = MessageSource.Task, Text = "" });
        RoundTrip(plan);
    }

    private static void RoundTrip<T>(T value) => JsonSerializer.Deserialize<T>(JsonSerializer.SerializeToUtf8Bytes(value, Options), Options);

    private static JsonSerializerOptions Create(bool indented)
    {
        var options = new JsonSerializerOptions(AiCoderJsonContext.Default.Options)
        {
            // Results are read by people and by programs that parse JSON, never pasted into HTML.
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
            WriteIndented = indented,
        };
        // For what a host or a test adds of its own. What every task needs stands in the context.
        options.Converters.Add(new UnmarkedEnums());
        options.TypeInfoResolverChain.Add(new DefaultJsonTypeInfoResolver());
        options.MakeReadOnly();
        return options;
    }

    /// <summary>Enums that carry no <see cref="WireNameConverter{T}"/>, by the same names.</summary>
    private sealed class UnmarkedEnums : JsonConverterFactory
    {
        private readonly JsonStringEnumConverter _names = new(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

        public override bool CanConvert(Type typeToConvert) =>
            typeToConvert.IsEnum && !typeToConvert.IsDefined(typeof(JsonConverterAttribute), inherit: false);

        public override JsonConverter? CreateConverter(Type typeToConvert, JsonSerializerOptions options) =>
            _names.CreateConverter(typeToConvert, options);
    }
}

/// <summary>Generated at build time, because reflection over these types costs the start of the program tens of milliseconds.</summary>
[JsonSourceGenerationOptions(
    GenerationMode = JsonSourceGenerationMode.Metadata,
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TaskRequest))]
[JsonSerializable(typeof(TaskSpec))]
[JsonSerializable(typeof(TaskSecrets))]
[JsonSerializable(typeof(TaskResult))]
[JsonSerializable(typeof(TaskEvent))]
[JsonSerializable(typeof(TaskProgress))]
[JsonSerializable(typeof(ApprovalDecision))]
[JsonSerializable(typeof(CancelRequest))]
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
[JsonSerializable(typeof(TranscriptEntry))]
[JsonSerializable(typeof(CloneRecord))]
[JsonSerializable(typeof(WorkspaceOwner))]
[JsonSerializable(typeof(PreparedWorkTree))]
[JsonSerializable(typeof(SpentByProcess))]
internal sealed partial class AiCoderJsonContext : JsonSerializerContext;
