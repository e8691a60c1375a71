using static AiCoder.Core.Tests.Agent.Misbehaviour.Replies;

namespace AiCoder.Core.Tests.Agent.Misbehaviour;

/// <summary>Arguments that are no JSON, or not the right ones.</summary>
internal static class ArgumentMisbehaviours
{
    private const string NotRun = "not valid JSON";

    public static IReadOnlyList<Misbehaviour> All { get; } =
    [
        // Mended: there is one meaning only.
        Mended("arguments with a comma too many", """{"path":"src/calc.py","old_text":"a - b","new_text":"a + b",}"""),
        Mended("arguments with raw line breaks", "{\n\"path\":\"src/calc.py\",\"old_text\":\"def add(a, b):\n    return a - b\",\"new_text\":\"def add(a, b):\n    return a + b\"}"),
        Mended("arguments in single quotes", "{'path': 'src/calc.py', 'old_text': 'a - b', 'new_text': 'a + b'}"),
        Mended("arguments with Python's literals", """{"path":"src/calc.py","old_text":"a - b","new_text":"a + b","replace_all":True}"""),
        Mended("arguments in a code fence", "```json\n{\"path\":\"src/calc.py\",\"old_text\":\"a - b\",\"new_text\":\"a + b\"}\n```"),
        Mended("arguments that are a text with JSON in it", """ "{\"path\":\"src/calc.py\",\"old_text\":\"a - b\",\"new_text\":\"a + b\"}" """),
        Mended("arguments without their last bracket", """{"path":"src/calc.py","old_text":"a - b","new_text":"a + b" """),
        Mended("arguments with a bracket too many", """{"path":"src/calc.py","old_text":"a - b","new_text":"a + b"}}"""),
        Mended("arguments with names without quotes", """{path: "src/calc.py", old_text: "a - b", new_text: "a + b"}"""),
        Mended("arguments with a comment", """{"path":"src/calc.py", /* the file */ "old_text":"a - b","new_text":"a + b"}"""),
        Mended("a truth value as text", """{"path":"src/calc.py","old_text":"a - b","new_text":"a + b","replace_all":"true"}"""),
        Mended("an argument that the tool does not know", """{"path":"src/calc.py","old_text":"a - b","new_text":"a + b","reason":"a bug"}"""),
        new("a regular expression with escapes that JSON does not have", Raw("search", """{"pattern":"a\s-\sb"}"""), Fix, Finish) { Told = "src/calc.py:2" },
        new("a line number as text", Raw("read_file", """{"path":"src/calc.py","start_line":"2"}"""), Fix, Finish) { Told = "2\t    return a - b" },
        new("a number with a fraction for a line", Raw("read_file", """{"path":"src/calc.py","start_line":2.0}"""), Fix, Finish) { Told = "2\t    return a - b" },

        // Asked again: a guess would write something else than what was meant.
        Asked("a text with open quotes in it", """{"path":"src/calc.py","old_text":"a - b","new_text":"print("a + b")"}"""),
        Asked("a text that does not end", """{"path":"src/calc.py","old_text":"a - b","new_text":"a +"""),
        Asked("an apostrophe in single quotes", "{'path': 'src/calc.py', 'old_text': 'a - b', 'new_text': 'it's'}"),
        Asked("two objects for one call", """{"path":"src/calc.py","old_text":"a - b","new_text":"x"}{"path":"src/calc.py"}"""),
        Asked("words for arguments", "the file src/calc.py, please"),
        new("a list for arguments", Edit("""["src/calc.py"]"""), Fix, Finish) { Told = "one JSON object" },
        new("no arguments at all", Edit(""), Fix, Finish) { Told = "'path' is missing" },
        new("an argument too few", Edit("""{"path":"src/calc.py","old_text":"a - b"}"""), Fix, Finish) { Told = "'new_text' is missing" },
        new("an object for a text", Edit("""{"path":{"file":"src/calc.py"},"old_text":"a - b","new_text":"x"}"""), Fix, Finish) { Told = "'path' must be a text" },
        new("null for a text", Edit("""{"path":null,"old_text":"a - b","new_text":"x"}"""), Fix, Finish) { Told = "'path' is missing" },
        new("a word for a number", Raw("read_file", """{"path":"src/calc.py","start_line":"two"}"""), Fix, Finish) { Told = "must be a whole number, not 'two'" },
        new("arguments nested without end", Edit(string.Concat(Enumerable.Repeat("{\"a\":", 5_000))), Fix, Finish) { Told = NotRun },
    ];

    private static Misbehaviour Mended(string name, string arguments) => new(name, Edit(arguments), Finish)
    {
        Told = "Edited src/calc.py",
        // The model sees its call as it was understood.
        Asked = requests => Assert.Contains("a + b", (string)requests[1].Messages[^2]["tool_calls"]![0]!["function"]!["arguments"]!, StringComparison.Ordinal),
    };

    private static Misbehaviour Asked(string name, string arguments) => new(name, Edit(arguments), Fix, Finish) { Told = NotRun };
}
