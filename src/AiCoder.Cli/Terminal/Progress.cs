using System.Threading.Channels;
using AiCoder.Embedded;

namespace AiCoder.Cli.Terminal;

/// <summary>Brings a host's updates to whoever watches.</summary>
internal static class Progress
{
    /// <summary>A live display on a terminal, plain lines elsewhere.</summary>
    public static IProgressView View(CommandConsole console) =>
        console.ErrorIsTerminal ? new LiveProgress(console, TimeProvider.System) : new PlainProgress(console.Error, TimeProvider.System);

    /// <summary>Shows updates until the reader completes.</summary>
    public static async Task PumpAsync(ChannelReader<ProgressUpdate> updates, IProgressView view)
    {
        await foreach (var update in updates.ReadAllAsync())
        {
            if (update.Status is { } status)
                view.Show(status);
            if (update.Activity is { } activity)
                view.Show(activity);
        }
    }
}
