using System.Text.Json.Nodes;
using AiCoder.Demo;
using static AiCoder.Core.Tests.Agent.Misbehaviour.Replies;

namespace AiCoder.Core.Tests.Agent.Misbehaviour;

/// <summary>Calls that are in order but ask for what can't be, or may not be.</summary>
internal static class EditMisbehaviours
{
    public static IReadOnlyList<Misbehaviour> All { get; } =
    [
        new("a quote that is nowhere", AgentFixture.Edit("src/calc.py", "return a minus b", "x"), Fix, Finish) { Told = "return a - b" },
        new("a quote that is in two places", AgentFixture.Edit("src/calc.py", "a", "x"), Fix, Finish) { Told = "places" },
        new("a quote with other indentation", AgentFixture.Edit("src/calc.py", "  return a - b", "  return a + b"), Finish) { Told = "Edited src/calc.py" },
        new("an edit that changes nothing", AgentFixture.Edit("src/calc.py", "a - b", "a - b"), Fix, Finish) { Told = "nothing would change" },
        new("an edit of a file that there is not", AgentFixture.Edit("src/sum.py", "a", "b"), Fix, Finish) { Told = "src/sum.py" },
        new("a path out of the repository", AgentFixture.Write("../../out.txt", "x"), Fix, Finish) { Told = "leads out of the repository" },
        new("an absolute path", AgentFixture.Write("/tmp/aicoder-misbehaviour.txt", "x"), Fix, Finish) { Told = "/tmp/aicoder-misbehaviour.txt", Asked = _ => Assert.False(File.Exists("/tmp/aicoder-misbehaviour.txt")) },
        new("a hook in .git", AgentFixture.Write(".git/hooks/pre-commit", "#!/bin/sh\n"), Fix, Finish) { Told = ".git" },
        new("a change of the pipeline", AgentFixture.Write(".github/workflows/ci.yml", "on: never\n"), Fix, Finish)
        {
            Told = ".github/workflows/ci.yml", Files = new Dictionary<string, string?> { [".github/workflows/ci.yml"] = "on: push\n" },
        },
        new("a change of the pipeline by a command", AgentFixture.Run("echo 'on: never' > .github/workflows/ci.yml"), Fix, Finish)
        {
            Told = "Taken back", Files = new Dictionary<string, string?> { [".github/workflows/ci.yml"] = "on: push\n" },
        },
        new("a folder for a file", AgentFixture.Read("src"), Fix, Finish) { Told = "src" },
        new("an empty command", AgentFixture.Run("  "), Fix, Finish) { Told = "The command is empty" },
        new("a command that does not end", ScriptedReply.Call("run_command", new() { ["command"] = "sleep 600", ["timeout_seconds"] = 1 }), Fix, Finish) { Told = "Ended after 1 seconds" },
        new("a command that reads its input", AgentFixture.Run("cat; echo read"), Fix, Finish) { Told = "Exit code 0.\nread" },
        new("a command that prints without measure", AgentFixture.Run("seq 1 200000"), Fix, Finish)
        {
            Told = "Exit code 0", Asked = requests => Assert.InRange(requests[1].LastText.Length, 1_000, 30_000),
        },
        new("a command that goes for the network", AgentFixture.Run("(exec 3<>/dev/tcp/127.0.0.1/80) 2>/dev/null; ls /sys/class/net 2>/dev/null | grep -v lo; echo none"), Fix, Finish) { Told = "none" },
        new("a command that looks for the key", AgentFixture.Run("env; cat /proc/1/environ 2>/dev/null; echo looked"), Fix, Finish) { Told = "looked", NeverSaid = "sk-operator-0001" },
        new("a regular expression that is none", ScriptedReply.Call("search", new() { ["pattern"] = "a(" }), Fix, Finish) { Told = "pattern" },
        new("a whole file of nothing", AgentFixture.Write("src/calc.py", ""), AgentFixture.Write("src/calc.py", Misbehaviour.Fixed), Finish),
        new("a move onto a file that is there", ScriptedReply.Call("move_file", new() { ["from"] = "README.md", ["to"] = "src/calc.py" }), Fix, Finish)
        {
            Told = "src/calc.py", Files = new Dictionary<string, string?> { ["README.md"] = "# Calc\n\nA calculator.\n" },
        },
        new("the same file deleted twice in one answer", ScriptedReply.Calls(
            ("delete_file", new() { ["path"] = "README.md" }), ("delete_file", new JsonObject { ["path"] = "README.md" })), Fix, Finish)
        {
            Told = "README.md", Files = new Dictionary<string, string?> { ["README.md"] = null },
        },
    ];
}
