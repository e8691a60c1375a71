using System.CommandLine;
using System.CommandLine.Parsing;
using AiCoder.Cli.Commands;
using AiCoder.Cli.Requests;
using AiCoder.Cli.Terminal;
using AiCoder.Core;

namespace AiCoder.Cli;

/// <summary>The commands of <c>aicoder</c> and their arguments.</summary>
internal static class CommandLine
{
    /// <summary>Runs what the arguments say.</summary>
    /// <returns>The exit code.</returns>
    public static Task<int> InvokeAsync(string[] arguments, CommandConsole console, Interruption interruption)
    {
        // The two forms that pods use need no parser, and skipping it brings the first model request forward.
        if (arguments.Length == 0 || (arguments.Length == 1 && RequestSource.LooksLikeRequest(arguments[0])))
        {
            _ = Task.Run(AiCoderJson.WarmUp);
            return RunCommand.RunAsync(console, interruption, arguments.FirstOrDefault());
        }

        return ParseAsync(arguments, console, interruption);
    }

    private static async Task<int> ParseAsync(string[] arguments, CommandConsole console, Interruption interruption)
    {
        // Without this, the parser would take '@task.json' for a file of arguments.
        var parsed = Root(console, interruption).Parse(arguments, new ParserConfiguration { ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0)
        {
            foreach (var error in parsed.Errors)
                await console.Error.WriteLineAsync($"aicoder: {error.Message}");
            await console.Error.WriteLineAsync($"aicoder: '{string.Join(' ', Path(parsed.CommandResult))} --help' lists the commands and their arguments.");
            return ExitCodes.Usage;
        }

        return await parsed.InvokeAsync(new InvocationConfiguration
        {
            Output = console.Out,
            Error = console.Error,
            EnableDefaultExceptionHandler = false,
            // Signals are ours.
            ProcessTerminationTimeout = null,
        });
    }

    // As it is typed; the root has the name of the program's file, which in tests is another.
    private static IEnumerable<string> Path(CommandResult command) =>
        command.Parent is CommandResult parent ? Path(parent).Append(command.Command.Name) : ["aicoder"];

    private static RootCommand Root(CommandConsole console, Interruption interruption)
    {
        var root = new RootCommand(
            "Takes a git repository and an intent in plain language to a pushed commit.\n\n"
            + "Without a command: 'aicoder {…}' runs a task given as JSON, 'aicoder' alone one given by REPO_URL, TASK_INTENT and TASK_ID.\n"
            + "Exit codes: 0 completed, 1 failed or cancelled, 2 usage or configuration, 130 interrupted (resumable).");
        root.Add(Run(console, interruption));
        root.Add(Demo(console, interruption));
        root.Add(Resume(console, interruption));
        root.Add(Status(console));
        root.Add(List(console));
        root.Add(Cancel(console));
        root.Add(Approve(console));
        root.Add(Message(console));
        root.Add(Diff(console));
        root.Add(Transcript(console));
        root.Add(Delete(console));
        root.Add(Serve(console, interruption));
        root.Add(KubernetesRunOptions.Command(console, interruption));
        root.Add(Doctor(console, interruption));
        root.SetAction((_, _) => RunCommand.RunAsync(console, interruption, null));
        return root;
    }

    private static Command Run(CommandConsole console, Interruption interruption)
    {
        var request = new Argument<string?>("request")
        {
            Description = "JSON, @file, or - for standard input; without it, the environment's REPO_URL, TASK_INTENT and TASK_ID.",
            Arity = ArgumentArity.ZeroOrOne,
            Validators = { RefuseOption },
        };
        var command = new Command("run", "Runs a task to its end and prints its result as JSON.") { request };
        command.SetAction((parsed, _) => RunCommand.RunAsync(console, interruption, parsed.GetValue(request)));
        return command;
    }

    private static Command Demo(CommandConsole console, Interruption interruption)
    {
        var live = new Option<bool>("--live") { Description = "Use the real model of OPENAI_API_KEY instead of the script." };
        var keep = new Option<bool>("--keep") { Description = "Keep the demo's folder and say where it is." };
        var command = new Command("demo", "Shows one whole task on a small repository of its own. Needs no key and no network.") { live, keep };
        command.SetAction((parsed, _) => DemoCommand.RunAsync(console, interruption, parsed.GetValue(live), parsed.GetValue(keep)));
        return command;
    }

    private static Command Resume(CommandConsole console, Interruption interruption)
    {
        var id = new Argument<string?>("id") { Description = "The task; without it, the one that is unfinished.", Arity = ArgumentArity.ZeroOrOne, Validators = { RefuseOption } };
        var command = new Command("resume", "Goes on with a task, or prints the result of one that has ended.") { id };
        command.SetAction((parsed, _) => ResumeCommand.RunAsync(console, interruption, parsed.GetValue(id)));
        return command;
    }

    private static Command Status(CommandConsole console)
    {
        var (id, json) = (TaskId(), Json());
        var command = new Command("status", "Shows where a task is.") { id, json };
        command.SetAction((parsed, stop) => TaskCommands.StatusAsync(console, parsed.GetValue(id)!, parsed.GetValue(json), stop));
        return command;
    }

    private static Command List(CommandConsole console)
    {
        var json = Json();
        var command = new Command("list", "Lists the tasks, the newest first.") { json };
        command.SetAction((parsed, stop) => TaskCommands.ListAsync(console, parsed.GetValue(json), stop));
        return command;
    }

    private static Command Cancel(CommandConsole console)
    {
        var id = TaskId();
        var reason = new Option<string?>("--reason") { Description = "Why; for people." };
        var command = new Command("cancel", "Ends a task; nothing more is pushed.") { id, reason };
        command.SetAction((parsed, stop) => TaskCommands.CancelAsync(console, parsed.GetValue(id)!, parsed.GetValue(reason), stop));
        return command;
    }

    private static Command Approve(CommandConsole console)
    {
        var id = TaskId();
        var refuse = new Option<bool>("--refuse") { Description = "Refuse instead: the task ends." };
        var comment = new Option<string?>("--comment") { Description = "Why, or what to mind." };
        var command = new Command("approve", "Answers a task that waits for approval.") { id, refuse, comment };
        command.SetAction((parsed, stop) =>
            TaskCommands.ApproveAsync(console, parsed.GetValue(id)!, !parsed.GetValue(refuse), parsed.GetValue(comment), stop));
        return command;
    }

    private static Command Message(CommandConsole console)
    {
        var id = TaskId();
        var text = new Argument<string>("text") { Description = "What to tell it." };
        var command = new Command("message", "Tells a running task something.") { id, text };
        command.SetAction((parsed, stop) => TaskCommands.MessageAsync(console, parsed.GetValue(id)!, parsed.GetValue(text)!, stop));
        return command;
    }

    private static Command Diff(CommandConsole console)
    {
        var id = TaskId();
        var command = new Command("diff", "Prints what a task changed, as a patch that 'git apply' takes.") { id };
        command.SetAction((parsed, stop) => TaskCommands.DiffAsync(console, parsed.GetValue(id)!, stop));
        return command;
    }

    private static Command Transcript(CommandConsole console)
    {
        var (id, json) = (TaskId(), Json("Print it as it is kept, one JSON document a line."));
        var command = new Command("transcript", "Prints what the model said and did.") { id, json };
        command.SetAction((parsed, stop) => TaskCommands.TranscriptAsync(console, parsed.GetValue(id)!, parsed.GetValue(json), stop));
        return command;
    }

    private static Command Delete(CommandConsole console)
    {
        var id = TaskId();
        var command = new Command("delete", "Removes a task that has ended, with its workspace.") { id };
        command.SetAction((parsed, stop) => TaskCommands.DeleteAsync(console, parsed.GetValue(id)!, stop));
        return command;
    }

    private static Command Serve(CommandConsole console, Interruption interruption)
    {
        var urls = new Option<string?>("--urls") { Description = "Where to listen, separated by semicolons; default ASPNETCORE_URLS, then http://127.0.0.1:8080." };
        var queue = new Option<bool>("--queue") { Description = "Take tasks from the Azure Storage queue aicoder-tasks too; AzureWebJobsStorage says where it is." };
        var command = new Command("serve", "Serves the HTTP API on this machine until it is told to stop. Needs AICODER_API_KEY except on loopback.") { urls, queue };
        command.SetAction((parsed, _) => ServeCommand.RunAsync(console, interruption, parsed.GetValue(urls), parsed.GetValue(queue)));
        return command;
    }

    private static Command Doctor(CommandConsole console, Interruption interruption)
    {
        var json = Json();
        var command = new Command("doctor", "Looks at git, ssh, the sandbox, the model and the workspace, and says how to mend each.") { json };
        command.SetAction((parsed, _) => DoctorCommand.RunAsync(console, parsed.GetValue(json), interruption.Requested));
        return command;
    }

    private static Argument<string> TaskId() => new("id") { Description = "The task.", Validators = { RefuseOption } };

    // The parser takes what it does not know as an option for an argument; no task and no request begins like one.
    private static void RefuseOption(ArgumentResult argument)
    {
        foreach (var token in argument.Tokens.Where(token => token.Value is ['-', _, ..]))
            argument.AddError($"Unknown option '{token.Value}'.");
    }

    private static Option<bool> Json(string description = "Print JSON, for programs.") => new("--json") { Description = description };
}
