using System.Text.Json;
using AiCoder.Core.Activities;
using AiCoder.Core.Agent;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workflow;

namespace AiCoder.Core.Tests;

/// <summary>The wire form of what crosses a boundary.</summary>
public sealed class AiCoderJsonTests
{
    [Fact]
    public void Enums_are_written_by_their_names_in_snake_case()
    {
        Assert.Equal("\"awaiting_approval\"", Text(TaskState.AwaitingApproval));
        Assert.Equal("\"not_run\"", Text(Verdict.NotRun));
        Assert.Equal("\"openai\"", Text(TaskEngine.Openai));
        Assert.Equal("\"prepare\"", Text(ValidationNetwork.Prepare));
        Assert.Equal("\"authentication\"", Text(FailureCategory.Authentication));
        Assert.Equal("awaiting_approval", AiCoderJson.NameOf(TaskState.AwaitingApproval));
    }

    [Fact]
    public void Every_enum_of_a_payload_comes_back_as_it_went()
    {
        RoundTrip<TaskState>();
        RoundTrip<TaskEngine>();
        RoundTrip<ApprovalMode>();
        RoundTrip<ValidationFailureAction>();
        RoundTrip<ValidationNetwork>();
        RoundTrip<ValidationPurpose>();
        RoundTrip<Verdict>();
        RoundTrip<CommandPurpose>();
        RoundTrip<FailureCategory>();
        RoundTrip<MessageSource>();
        // One that carries no converter of ours: a host's own.
        RoundTrip<DayOfWeek>();

        static void RoundTrip<T>()
            where T : struct, Enum
        {
            foreach (var value in Enum.GetValues<T>())
            {
                var text = Text(value);
                Assert.Equal($"\"{JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString())}\"", text);
                Assert.Equal(value, JsonSerializer.Deserialize<T>(text, AiCoderJson.Options));
            }
        }
    }

    [Theory]
    [InlineData("1")]
    [InlineData("\"some\"")]
    [InlineData("\"1\"")]
    [InlineData("null")]
    public void What_is_no_name_is_refused(string json)
    {
        Assert.ThrowsAny<JsonException>(() => JsonSerializer.Deserialize<ValidationNetwork>(json, AiCoderJson.Options));
        Assert.ThrowsAny<JsonException>(() => JsonSerializer.Deserialize<DayOfWeek>(json, AiCoderJson.Options));
    }

    [Theory]
    [InlineData(typeof(TaskRequest))]
    [InlineData(typeof(TaskSpec))]
    [InlineData(typeof(TaskProgress))]
    [InlineData(typeof(TaskResult))]
    [InlineData(typeof(NotifyInput))]
    [InlineData(typeof(ValidateInput))]
    [InlineData(typeof(CommitInput))]
    [InlineData(typeof(Outcome<CodeOutput>))]
    [InlineData(typeof(CancelRequest))]
    [InlineData(typeof(ApprovalDecision))]
    [InlineData(typeof(TranscriptEntry))]
    public void What_every_task_serializes_needs_no_reflection(Type type) =>
        Assert.NotNull(AiCoderJsonContext.Default.GetTypeInfo(type));

    [Fact]
    public void Chinese_text_is_written_as_itself() => Assert.Equal("\"修复 <登录>\"", Text("修复 <登录>"));

    private static string Text<T>(T value) => JsonSerializer.Serialize(value, AiCoderJson.Options);
}
