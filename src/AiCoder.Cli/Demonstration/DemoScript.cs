using System.Text.Json.Nodes;
using AiCoder.Core;
using AiCoder.Core.Tasks;
using AiCoder.Demo;

namespace AiCoder.Cli.Demonstration;

/// <summary>What the scripted model answers: a plan, then look, mend, test, finish. It knows the demo's project and nothing else.</summary>
internal static class DemoScript
{
    /// <summary>How the stand-in is called wherever a model's name is shown, the commit included.</summary>
    public const string ModelName = "scripted model, not an AI";

    public static Func<ScriptedRequest, ScriptedReply> For(DemoProject project) => request =>
        request.Tools.Contains("finish") ? Code(project, request.Turn) : Plan(project);

    private static ScriptedReply Plan(DemoProject project) => ScriptedReply.Say(System.Text.Json.JsonSerializer.Serialize(
        new Plan
        {
            Summary = $"The boundary in {project.Source} leaves out 100 itself.",
            Files = [project.Source],
            Changes = [$"{project.Source}: let the discount begin at exactly 100"],
            Tests = [project.TestCommand],
        },
        AiCoderJson.Options));

    private static ScriptedReply Code(DemoProject project, int turn) => turn switch
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
