using AiCoder.Cli.Terminal;
using AiCoder.Demo;

namespace AiCoder.Cli.Commands;

/// <summary><c>demo</c>: one whole task on a repository of its own, in a folder that is removed.</summary>
internal static class DemoCommand
{
    public static async Task<int> RunAsync(CommandConsole console, Interruption interruption, bool live, bool keep)
    {
        var folder = Directory.CreateTempSubdirectory("aicoder-demo-").FullName;
        try
        {
            return await new Demonstration.Demonstration(console, interruption, live, folder).RunAsync();
        }
        finally
        {
            if (keep)
                await console.Error.WriteLineAsync($"Kept: {folder}");
            else
                await RemoveAsync(folder, console);
        }
    }

    private static async Task RemoveAsync(string folder, CommandConsole console)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            await console.Error.WriteLineAsync($"The demo's folder {folder} could not be removed: {exception.Message}");
        }
    }
}
