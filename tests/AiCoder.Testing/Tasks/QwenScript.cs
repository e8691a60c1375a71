using System.Text.Json.Nodes;
using AiCoder.Demo;

namespace AiCoder.Testing.Tasks;

/// <summary>What a scripted model answers Qwen Code: the same look, mend and test as the demo's, by the tools that it offers.</summary>
public static class QwenScript
{
    /// <summary>Where the work tree is in the sandbox.</summary>
    public const string WorkTree = "/work";

    /// <summary>Serves either engine.</summary>
    public static Func<ScriptedRequest, ScriptedReply> For(DemoProject project, Func<int, ScriptedReply?>? before = null) => request =>
        !IsQwen(request) ? DemoScript.For(project)(request) : before?.Invoke(request.Turn) ?? Code(project, request.Turn);

    /// <summary>The usual turns after some others.</summary>
    public static Func<ScriptedRequest, ScriptedReply> After(DemoProject project, params IReadOnlyList<ScriptedReply> first) =>
        For(project, turn => turn < first.Count ? first[turn] : Code(project, turn - first.Count));

    public static bool IsQwen(ScriptedRequest request) => request.Tools.Contains("run_shell_command");

    public static ScriptedReply Code(DemoProject project, int turn) => turn switch
    {
        0 => ScriptedReply.Call("read_file", new JsonObject { ["file_path"] = $"{WorkTree}/{project.Source}" }),
        1 => Edit(project.Source, project.Wrong, project.Right),
        2 => Shell(project.TestCommand),
        _ => ScriptedReply.Say($"The discount now begins at exactly 100; `{project.TestCommand}` passes."),
    };

    public static ScriptedReply Edit(string path, string oldText, string newText) =>
        ScriptedReply.Call("edit", new JsonObject { ["file_path"] = $"{WorkTree}/{path}", ["old_string"] = oldText, ["new_string"] = newText });

    public static ScriptedReply Write(string path, string content) =>
        ScriptedReply.Call("write_file", new JsonObject { ["file_path"] = $"{WorkTree}/{path}", ["content"] = content });

    public static ScriptedReply Shell(string command) =>
        ScriptedReply.Call("run_shell_command", new JsonObject { ["command"] = command, ["description"] = "runs it", ["is_background"] = false });
}
