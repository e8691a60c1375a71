using System.Text.Json.Nodes;

namespace AiCoder.Demo;

/// <summary>What the scripted model answers: a plan, then look, mend, test, finish. It knows the demo's project and nothing else.</summary>
public static class DemoScript
{
    /// <summary>How the stand-in is called wherever a model's name is shown, the commit included.</summary>
    public const string ModelName = "scripted model, not an AI";

    public static Func<ScriptedRequest, ScriptedReply> For(DemoProject project) => request =>
        request.Tools.Contains("finish") ? Code(project, request.Turn) : Plan(project);

    /// <summary>The answer to the analysis.</summary>
    public static ScriptedReply Plan(DemoProject project) => ScriptedReply.Say(new JsonObject
    {
        ["summary"] = $"The boundary in {project.Source} leaves out 100 itself.",
        ["files"] = new JsonArray(project.Source),
        ["changes"] = new JsonArray($"{project.Source}: let the discount begin at exactly 100"),
        ["tests"] = new JsonArray(project.TestCommand),
    }.ToJsonString(ScriptedModel.Json));

    /// <summary>The answer of a turn of coding.</summary>
    /// <param name="project">The project.</param>
    /// <param name="turn">From 0: look, mend, test, finish.</param>
    public static ScriptedReply Code(DemoProject project, int turn) => turn switch
    {
        0 => ScriptedReply.Call("read_file", new JsonObject { ["path"] = project.Source }),
        1 => ScriptedReply.Call("edit_file", new JsonObject
        {
            ["path"] = project.Source,
            ["old_text"] = project.Wrong,
            ["new_text"] = project.Right,
        }),
        2 => ScriptedReply.Call("run_command", new JsonObject { ["command"] = project.TestCommand }),
        _ => ScriptedReply.Call("finish", new JsonObject { ["summary"] = $"The discount now begins at exactly 100; `{project.TestCommand}` passes." }),
    };
}
