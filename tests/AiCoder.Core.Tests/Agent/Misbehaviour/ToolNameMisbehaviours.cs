using AiCoder.Demo;
using static AiCoder.Core.Tests.Agent.Misbehaviour.Replies;

namespace AiCoder.Core.Tests.Agent.Misbehaviour;

/// <summary>Tools that there are not.</summary>
internal static class ToolNameMisbehaviours
{
    private const string Ours = """{"path":"src/calc.py","old_text":"a - b","new_text":"a + b"}""";

    public static IReadOnlyList<Misbehaviour> All { get; } =
    [
        new("a tool that nobody has", Raw("fly", """{"to":"the moon"}"""), Fix, Finish) { Told = "There is no tool 'fly'. The tools are list_files" },
        new("a tool without a name", Raw("", "{}"), Fix, Finish) { Told = "There is no tool ''" },
        new("a tool's name with a letter too few", Raw("read_fil", """{"path":"src/calc.py"}"""), Fix, Finish) { Told = "Did you mean read_file, with path, start_line, end_line?" },
        new("another agent's tool with other arguments", Raw("str_replace", """{"path":"src/calc.py","old_str":"a - b","new_str":"nonsense"}"""), Fix, Finish)
        {
            Told = "There is no tool 'str_replace'",
            Asked = requests => Assert.Contains("Did you mean edit_file, with path, old_text, new_text, replace_all?", requests[1].LastText, StringComparison.Ordinal),
        },
        new("another agent's tool with one argument of its own", Raw("create_file", """{"path":"new.txt","file_text":"x"}"""), Fix, Finish) { Told = "Did you mean write_file", Files = new Dictionary<string, string?> { ["new.txt"] = null } },
        new("another agent's tool with exactly our arguments", Raw("str_replace", Ours), Finish) { Told = "(The tool is called edit_file here.)" },
        new("bash with exactly our arguments", Raw("bash", """{"command":"sed -i 's/a - b/a + b/' src/calc.py"}"""), Finish) { Told = "(The tool is called run_command here.)" },
        new("bash with an argument that ours has not", Raw("bash", """{"command":"rm src/calc.py","restart":true}"""), Fix, Finish) { Told = "Did you mean run_command, with command, timeout_seconds?" },
        new("a tool's name with its library", Raw("functions.edit_file", Ours), Finish) { Told = "Edited src/calc.py" },
        new("a tool's name in other letters", Raw("Edit-File", Ours), Finish) { Told = "Edited src/calc.py" },
        new("finish by another name after a call that failed", ScriptedReply.Calls(
            ("read_file", new() { ["path"] = "nowhere.txt" }), ("done", new() { ["summary"] = "did it" })), Fix, Finish)
        {
            Told = "Not finished: a call before it in the same answer failed",
        },
        new("finish by another name", Fix, Raw("done", """{"summary":"did it"}""")),
        new("a name that is a sentence", Raw("I would like to read the file", "{}"), Fix, Finish) { Told = "There is no tool 'I would like" },
        new("a call of a tool for the whole web", Raw("web_search", """{"query":"how to add"}"""), Fix, Finish) { Told = "There is no tool 'web_search'" },
    ];
}
