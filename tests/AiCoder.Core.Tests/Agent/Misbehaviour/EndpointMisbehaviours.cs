using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Demo;
using static AiCoder.Core.Tests.Agent.Misbehaviour.Replies;

namespace AiCoder.Core.Tests.Agent.Misbehaviour;

/// <summary>Endpoints that refuse something, or everything.</summary>
internal static class EndpointMisbehaviours
{
    private static readonly string[] Known = ["model", "messages", "tools", "stream", "stream_options"];

    public static IReadOnlyList<Misbehaviour> All { get; } =
    [
        // What waiting does not mend: the work so far is kept.
        Ends("a key that is refused", ScriptedReply.Error(401, "bad key"), FailureCodes.InvalidToken, "OPENAI_API_KEY"),
        Ends("an account without money", ScriptedReply.Error(402, "pay first"), FailureCodes.Forbidden, "credit"),
        Ends("a key without rights", ScriptedReply.Error(403, "no"), FailureCodes.Forbidden, "may not use"),
        Ends("a model that there is not", ScriptedReply.Error(404, "The model `gpt-4o-mini` does not exist"), FailureCodes.ModelUnusable, "OPENAI_BASE_URL"),
        Ends("a quota that is used up", ScriptedReply.Error(429, "You exceeded your current quota", "insufficient_quota"), FailureCodes.Forbidden, "quota"),
        Ends("a request that it does not like", ScriptedReply.Error(400, "temperature of the room"), FailureCodes.ModelUnusable, "temperature of the room"),
        Ends("a page instead of an answer", ScriptedReply.Raw("<html><body>Welcome</body></html>"), FailureCodes.ModelUnusable, "/v1"),
        Ends("JSON that is no answer", ScriptedReply.Raw("{\"object\":\"list\",\"data\":[]}"), FailureCodes.ModelUnusable, "no chat completion"),
        new("a redirect", Fix, ScriptedReply.Error(307, "elsewhere")) { Ends = FailureCodes.Configuration, Calc = Misbehaviour.Broken, Says = "redirect" },

        // What passes: tried again where it stood, nothing paid twice.
        Passes("too many requests", ScriptedReply.Error(429, "slow down", retryAfter: "1"), FailureCodes.RateLimited),
        Passes("an overload", ScriptedReply.Error(529, "overloaded"), FailureCodes.ServerError),
        Passes("an error of the server", ScriptedReply.Error(500, "oops"), FailureCodes.ServerError),
        Passes("a gateway without its server", ScriptedReply.Error(502, "<html>bad gateway</html>"), FailureCodes.ServerError),
        Passes("a model that is being loaded", ScriptedReply.Error(503, "Loading model", retryAfter: "1"), FailureCodes.ServerError),
        Passes("a request that took the server too long", ScriptedReply.Error(408, "timeout"), FailureCodes.Timeout),
        Passes("an error in the stream", Stream(Delta("""{"content":"I"}"""), """{"error":{"message":"the server had an error"}}"""), FailureCodes.ServerError),
        Passes("a rate limit in the stream", Stream("""{"error":{"message":"rate_limit_exceeded"}}"""), FailureCodes.RateLimited),
        Passes("an error in a choice", Stream("""{"choices":[{"index":0,"delta":{},"finish_reason":"error","error":{"code":502,"message":"upstream failed"}}]}"""), FailureCodes.ServerError),
        new("three overloads one after the other", Fix, ScriptedReply.Error(529), ScriptedReply.Error(529), ScriptedReply.Error(529), Finish)
        {
            Passing = [FailureCodes.ServerError, FailureCodes.ServerError, FailureCodes.ServerError],
        },

        // What it refuses of a request.
        new("an endpoint that takes no field but the usual")
        {
            Endpoint = request => request.Body.FirstOrDefault(field => !Known.Contains(field.Key)).Key is { } unknown
                ? ScriptedReply.Error(400, $"Unsupported parameter: '{unknown}'. Use 'max_completion_tokens' instead of 'max_tokens'.")
                : request.Turn == 0 ? Fix : Finish,
            Requests = 2,
            Asked = requests => Assert.All(requests, request =>
            {
                Assert.Null(request.Body["temperature"]);
                Assert.Null(request.Body["max_tokens"]);
                Assert.Null(request.Body["max_completion_tokens"]);
            }),
        },
        new("an endpoint that refuses stream_options")
        {
            Endpoint = request => request.Body["stream_options"] is not null ? ScriptedReply.Error(400, "Unknown field: stream_options") : request.Turn == 0 ? Fix : Finish,
            Requests = 3,
        },
        new("an endpoint that checks its input strictly")
        {
            Endpoint = request => request.Body["stream_options"] is not null
                ? new ScriptedReply { Status = 422, Body = """{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted","input":{"include_usage":true}}]}""" }
                : request.Turn == 0 ? Fix : Finish,
            Requests = 3,
        },
        new("an endpoint that refuses to stream")
        {
            Endpoint = request => request.Stream ? ScriptedReply.Error(400, "Unsupported value: 'stream' does not support true with this model.") : request.Turn == 0 ? Fix : Finish,
            Requests = 3,
            Asked = requests => Assert.Equal([true, false, false], requests.Select(request => request.Stream)),
        },
        new("an endpoint that refuses first stream_options and then to stream")
        {
            Endpoint = request => request.Body["stream_options"] is not null ? ScriptedReply.Error(400, "stream_options is not allowed")
                : request.Stream ? ScriptedReply.Error(422, "streaming is not supported") : request.Turn == 0 ? Fix : Finish,
            Requests = 4,
        },
        new("a conversation that is too long at once", ScriptedReply.Error(400, "This model's maximum context length is 10 tokens"), Fix, Finish),
        new("a conversation that is always too long", [.. Enumerable.Repeat(ScriptedReply.Error(400, "maximum context length is 10 tokens"), 5)])
        {
            Ends = FailureCodes.ModelUnusable, Calc = Misbehaviour.Broken, Says = "larger context",
        },

        // Tools.
        Refuses("Ollama's model without tools", ScriptedReply.Error(400, "registry.ollama.ai/library/gemma:2b does not support tools")),
        Refuses("vLLM without a parser", ScriptedReply.Error(400, "\"auto\" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set")),
        Refuses("OpenRouter's model without tools", ScriptedReply.Error(404, "No endpoints found that support tool use")),
        Refuses("llama.cpp without templates", ScriptedReply.Error(500, "tools param requires --jinja flag")),
        Refuses("a strict server that knows no tools", new ScriptedReply { Status = 422, Body = """{"detail":[{"loc":["body","tools"],"msg":"Extra inputs are not permitted"}]}""" }),
        Refuses("a server that has not got that far", ScriptedReply.Error(501, "function calling is not implemented")),
        Refuses("a server that could not read its model's call", ScriptedReply.Error(400, "Failed to call a function. Please adjust your prompt. See 'failed_generation' for more details.", "tool_use_failed")),
        Refuses("a server that reads its model's call as broken JSON", ScriptedReply.Error(500, "error parsing tool call: raw='{\"path\": ', err=unexpected end of JSON input")),
        new("an endpoint that refuses tools where only they are wanted", ScriptedReply.Error(400, "this model does not support tools"))
        {
            ToolCalls = ToolCallMode.Native, Ends = FailureCodes.ModelUnusable, Calc = Misbehaviour.Broken, Says = "set TOOL_CALLS to auto or text",
        },
        new("an endpoint that refuses tools in the middle of a task", AgentFixture.Read("src/calc.py"), ScriptedReply.Error(400, "tools are not supported"), Say(FixText), Say(FinishText))
        {
            Form = ToolCallForm.Text,
            Asked = requests =>
            {
                Assert.Empty(requests[2].Tools);
                Assert.Contains("<call tool=\"read_file\">\n<path>src/calc.py</path>\n</call>", requests[2].AllText, StringComparison.Ordinal);
                Assert.Contains("return a - b", requests[2].LastText, StringComparison.Ordinal);
            },
        },
    ];

    private static Misbehaviour Ends(string name, ScriptedReply reply, string code, string says) => new(name, Fix, reply) { Ends = code, Says = says };

    private static Misbehaviour Passes(string name, ScriptedReply reply, string code) => new(name, Fix, reply, Finish)
    {
        Passing = [code],
        Asked = requests => Assert.Equal(requests[1].Body.ToJsonString(), requests[2].Body.ToJsonString()),
    };

    /// <summary>The same is asked again at once with the tools as text.</summary>
    private static Misbehaviour Refuses(string name, ScriptedReply refusal) => new(name)
    {
        Endpoint = request => request.Tools.Count > 0 ? refusal : Say(request.Turn == 0 ? FixText : FinishText),
        Requests = 3,
        Form = ToolCallForm.Text,
        Asked = requests => Assert.Contains("<call tool=", requests[1].AllText, StringComparison.Ordinal),
    };
}
