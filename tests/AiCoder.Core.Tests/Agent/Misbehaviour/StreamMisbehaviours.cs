using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Demo;
using static AiCoder.Core.Tests.Agent.Misbehaviour.Replies;

namespace AiCoder.Core.Tests.Agent.Misbehaviour;

/// <summary>Answers that come in another form than they should, or do not come to an end.</summary>
internal static class StreamMisbehaviours
{
    private static readonly ModelTimeouts Impatient = new() { FirstByte = TimeSpan.FromSeconds(3), Idle = TimeSpan.FromSeconds(3), Total = TimeSpan.FromMinutes(2) };
    private static readonly string WriteArguments = Quoted("""{"path":"b.txt","content":"b"}""");
    private static readonly Dictionary<string, string?> Written = new() { ["b.txt"] = "b" };
    private static readonly string End = Delta("{}", "tool_calls");

    public static IReadOnlyList<Misbehaviour> All { get; } =
    [
        // No end.
        Faulty("an endpoint that says nothing", ScriptedFault.StallBeforeHeaders, FailureCodes.Timeout),
        Faulty("an endpoint that says nothing after its headers", ScriptedFault.StallAfterHeaders, FailureCodes.Timeout),
        Faulty("a stream that falls silent", ScriptedFault.StallInStream, FailureCodes.Timeout),
        Faulty("a connection that is cut before the answer", ScriptedFault.CutBeforeHeaders, FailureCodes.Reset),
        Faulty("a connection that is cut in the answer", ScriptedFault.CutInStream, FailureCodes.Reset),
        Faulty("a stream that ends in the middle of a call", ScriptedFault.EndEarly, FailureCodes.Reset),
        new("an endpoint that only says that it is alive", ScriptedReply.Raw(": keep-alive\n\n: keep-alive\n\n") with { Fault = ScriptedFault.StallInStream }, Fix, Finish)
        {
            Timeouts = Impatient, Passing = [FailureCodes.Timeout],
        },

        // Another form.
        new("an answer that is whole although a stream was asked for", Fix with { IgnoreStream = true }, Finish with { IgnoreStream = true }),
        new("a stream without usage", Fix with { Usage = null }, Finish with { Usage = null }),
        new("a stream without a reason for its end", Stream(Part(index: 0, id: "a", name: "edit_file", arguments: FixArguments)), Finish),
        new("calls without an index", Calls(Part(id: "a", name: "edit_file", arguments: FixArguments)), Finish),
        new("calls without an id", Calls(Part(index: 0, name: "edit_file", arguments: FixArguments)), Finish),
        new("calls that all have the index 0", Calls(
            Part(index: 0, id: "a", name: "edit_file", arguments: FixArguments), Part(index: 0, id: "b", name: "write_file", arguments: WriteArguments)), Finish) { Files = Written },
        new("calls that all have one id", Calls(
            Part(index: 0, id: "a", name: "edit_file", arguments: FixArguments), Part(index: 1, id: "a", name: "write_file", arguments: WriteArguments)), Finish) { Files = Written },
        new("a name that is repeated with every piece", Calls(
            Part(index: 0, id: "a", name: "write_file", arguments: Quoted("{\"path\":\"b.txt\",")),
            Part(index: 0, name: "write_file", arguments: Quoted("\"content\":\"b\"}"))), Fix, Finish) { Files = Written },
        new("a name in two pieces", Calls(Part(index: 0, id: "a", name: "write_"), Part(index: 0, name: "file", arguments: WriteArguments)), Fix, Finish) { Files = Written },
        new("arguments as an object", Calls(Part(index: 0, id: "a", name: "edit_file", arguments: """{"path":"src/calc.py","old_text":"a - b","new_text":"a + b"}""")), Finish),
        new("a call in the form before tool calls", Stream(Delta("{\"function_call\":{\"name\":\"edit_file\",\"arguments\":" + FixArguments + "}}"), Delta("{}", "function_call")), Finish),
        new("text as a list of parts", Stream(Delta("""{"content":[{"type":"text","text":"I fix"},{"type":"thinking","thinking":[{"type":"text","text":"SECRET THOUGHT"}]},{"type":"text","text":" it."}]}"""), Delta("{}", "stop")), Fix, Finish)
        {
            NeverSaid = "SECRET THOUGHT", Asked = requests => Assert.Contains("I fix it.", requests[1].AllText, StringComparison.Ordinal),
        },
        new("null for everything that is not there", Stream(
            """{"choices":[{"index":0,"delta":{"role":"assistant","content":null,"refusal":null,"tool_calls":null,"function_call":null},"finish_reason":null}],"usage":null,"error":null}""",
            Part(index: 0, id: "a", name: "edit_file", arguments: FixArguments), End), Finish),
        new("a call that is no object", Stream(Delta("""{"tool_calls":[null,"edit_file"]}"""), Delta("{}", "stop")), Fix, Finish) { Told = "Your answer was empty" },
        new("a stream without choices", Stream("""{"choices":[]}""", """{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"""), Fix, Finish) { Told = "Your answer was empty" },
        new("a chunk that is no JSON", Fix, ScriptedReply.Raw("data: {\"choices\": [\n\n")) { Ends = FailureCodes.ModelUnusable, Says = "no chat completion" },
        new("a chunk that is a list", Fix, ScriptedReply.Raw("data: [1,2]\n\n")) { Ends = FailureCodes.ModelUnusable },
    ];

    private static ScriptedReply Calls(params string[] pieces) => Stream([.. pieces, End]);

    private static Misbehaviour Faulty(string name, ScriptedFault fault, string code) => new(name, Fix with { Fault = fault }, Fix, Finish)
    {
        Timeouts = Impatient,
        Passing = [code],
    };
}
