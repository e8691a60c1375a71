using AiCoder.Cli;
using AiCoder.Cli.Terminal;
using AiCoder.Core.Agent.Qwen;

// Inside a sandbox, for an engine of somebody else's: no command of a person's.
if (args is [QwenForwarder.CommandName, ..])
    return await QwenForwarder.RunAsync(args);

var console = CommandConsole.Open();
using var interruption = new Interruption(console.Error.WriteLine);
return await CommandErrors.GuardAsync(console, interruption, () => CommandLine.InvokeAsync(args, console, interruption));
