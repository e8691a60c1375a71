using System.Text.Json.Nodes;

namespace AiCoder.Demo;

/// <summary>One answer of a <see cref="ScriptedModel"/>. The parts combine: text and tool calls, a delay and a fault.</summary>
public sealed record ScriptedReply
{
    /// <summary>The answer's text; null: none.</summary>
    public string? Text { get; init; }

    /// <summary>Sent as <c>reasoning_content</c> before the text, as some endpoints do.</summary>
    public string? Reasoning { get; init; }

    /// <summary>The tools the answer calls, in order.</summary>
    public IReadOnlyList<ScriptedToolCall> ToolCalls { get; init; } = [];

    /// <summary><c>finish_reason</c>; null: <c>tool_calls</c> where there are some, else <c>stop</c>.</summary>
    public string? FinishReason { get; init; }

    /// <summary>What the call is said to have cost; null: the endpoint reports no usage.</summary>
    public ScriptedUsage? Usage { get; init; } = new(InputTokens: 100, OutputTokens: 20);

    /// <summary>The HTTP status; other than 200 the body is <see cref="Body"/> or an error object.</summary>
    public int Status { get; init; } = 200;

    /// <summary>The Retry-After header, as it is sent (seconds or an HTTP date).</summary>
    public string? RetryAfter { get; init; }

    /// <summary>The whole body, instead of one made from the parts above; with status 200 it is sent as an event stream.</summary>
    public string? Body { get; init; }

    /// <summary>Answers with one whole document although a stream was asked for.</summary>
    public bool IgnoreStream { get; init; }

    /// <summary>Where the answer breaks off or falls silent.</summary>
    public ScriptedFault Fault { get; init; }

    /// <summary>Waited for before anything is answered.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Awaited before anything is answered; for tests that must act while a call is in flight.</summary>
    public Task? Gate { get; init; }

    /// <summary>Words only.</summary>
    public static ScriptedReply Say(string text) => new() { Text = text };

    /// <summary>One tool call.</summary>
    public static ScriptedReply Call(string tool, JsonObject arguments) => Calls((tool, arguments));

    /// <summary>Several tool calls in one answer.</summary>
    public static ScriptedReply Calls(params (string Tool, JsonObject Arguments)[] calls) => new()
    {
        ToolCalls = [.. calls.Select(call => new ScriptedToolCall(call.Tool, call.Arguments.ToJsonString(ScriptedModel.Json)))],
    };

    /// <summary>An HTTP error with an error object like OpenAI's.</summary>
    public static ScriptedReply Error(int status, string message = "scripted error", string? code = null, string? retryAfter = null) => new()
    {
        Status = status,
        RetryAfter = retryAfter,
        Body = new JsonObject
        {
            ["error"] = new JsonObject { ["message"] = message, ["type"] = "scripted", ["code"] = code },
        }.ToJsonString(ScriptedModel.Json),
    };

    /// <summary>An event stream, byte for byte.</summary>
    public static ScriptedReply Raw(string eventStream) => new() { Body = eventStream };
}

/// <summary>A tool call of a scripted answer.</summary>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">The arguments as text, which need not be JSON.</param>
/// <param name="Id">The call's id; null: one is made up.</param>
public sealed record ScriptedToolCall(string Name, string Arguments, string? Id = null);

/// <summary>The usage that an answer reports.</summary>
public sealed record ScriptedUsage(int InputTokens, int OutputTokens, int CachedTokens = 0);

/// <summary>How a scripted answer goes wrong on the wire.</summary>
public enum ScriptedFault
{
    None,

    /// <summary>The request is read, and nothing is ever answered.</summary>
    StallBeforeHeaders,

    /// <summary>Headers come, and then nothing.</summary>
    StallAfterHeaders,

    /// <summary>Half of the stream comes, and then nothing.</summary>
    StallInStream,

    /// <summary>The connection is cut before anything is answered.</summary>
    CutBeforeHeaders,

    /// <summary>The connection is cut after half of the stream.</summary>
    CutInStream,

    /// <summary>The stream ends in good order after its first half: no finish reason, no <c>[DONE]</c>.</summary>
    EndEarly,
}
