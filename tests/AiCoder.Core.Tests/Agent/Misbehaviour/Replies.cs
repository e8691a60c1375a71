using System.Text.Json.Nodes;
using AiCoder.Demo;

namespace AiCoder.Core.Tests.Agent.Misbehaviour;

/// <summary>Answers for the tables.</summary>
internal static class Replies
{
    public static readonly ScriptedReply Fix = AgentFixture.Fix();
    public static readonly ScriptedReply Finish = AgentFixture.Finish();

    /// <summary>The call that mends the file, with its arguments as they are given.</summary>
    public static ScriptedReply Edit(string arguments) => Raw("edit_file", arguments);

    public static ScriptedReply Raw(string tool, string arguments) => new() { ToolCalls = [new(tool, arguments)] };

    public static ScriptedReply Say(string text) => ScriptedReply.Say(text);

    /// <summary>A stream of the given chunks.</summary>
    public static ScriptedReply Stream(params string[] chunks) => ScriptedReply.Raw(string.Concat(chunks.Select(chunk => $"data: {chunk}\n\n")) + "data: [DONE]\n\n");

    /// <summary>A chunk with a <c>delta</c>.</summary>
    public static string Delta(string delta, string? reason = null) =>
        $$"""{"choices":[{"index":0,"delta":{{delta}},"finish_reason":{{(reason is null ? "null" : $"\"{reason}\"")}}}]}""";

    /// <summary>A piece of a tool call, with what the endpoint puts into it.</summary>
    public static string Part(int? index = null, string? id = null, string? name = null, string? arguments = null)
    {
        var function = new JsonObject();
        if (name is not null)
            function["name"] = name;
        if (arguments is not null)
            function["arguments"] = JsonNode.Parse(arguments);
        var call = new JsonObject { ["function"] = function };
        if (index is not null)
            call["index"] = index;
        if (id is not null)
            call["id"] = id;
        return Delta(new JsonObject { ["tool_calls"] = new JsonArray(call) }.ToJsonString());
    }

    public static string Quoted(string text) => JsonValue.Create(text).ToJsonString();

    /// <summary>The arguments that mend the file, as JSON in JSON.</summary>
    public static string FixArguments => Quoted("""{"path":"src/calc.py","old_text":"a - b","new_text":"a + b"}""");

    /// <summary>The same call in our text form.</summary>
    public const string FixText = "<call tool=\"edit_file\">\n<path>src/calc.py</path>\n<old_text>a - b</old_text>\n<new_text>a + b</new_text>\n</call>";

    public const string FinishText = "<call tool=\"finish\">\n<summary>done</summary>\n</call>";

    /// <summary>The same call as the Hermes and Qwen models write it.</summary>
    public const string FixHermes = "<tool_call>\n{\"name\": \"edit_file\", \"arguments\": {\"path\": \"src/calc.py\", \"old_text\": \"a - b\", \"new_text\": \"a + b\"}}\n</tool_call>";

    public const string FinishHermes = "<tool_call>\n{\"name\": \"finish\", \"arguments\": {\"summary\": \"done\"}}\n</tool_call>";
}
