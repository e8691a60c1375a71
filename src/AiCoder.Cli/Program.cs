using AiCoder.Cli;
using AiCoder.Cli.Terminal;

var console = CommandConsole.Open();
using var interruption = new Interruption(console.Error.WriteLine);
return await CommandErrors.GuardAsync(console, interruption, () => CommandLine.InvokeAsync(args, console, interruption));
