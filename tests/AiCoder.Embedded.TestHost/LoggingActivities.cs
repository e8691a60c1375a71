using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Activities;

namespace AiCoder.Embedded.TestHost;

/// <summary>
/// Writes a line to a file when a call begins. Hangs, where it is told to, until it is cancelled or a file named
/// <c>go</c> is there.
/// </summary>
public sealed class LoggingActivities(string folder, bool hang) : IActivityInvoker
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(20);

    private readonly Lock _lock = new();

    public async Task<JsonElement> InvokeAsync(string name, JsonElement input, ActivityContext context, CancellationToken stop)
    {
        lock (_lock)
            File.AppendAllText(Path.Combine(folder, "calls.log"), $"{Environment.ProcessId} {input.GetString()}\n");
        while (hang && !context.Signals.Cancelled.IsCancellationRequested && !File.Exists(Path.Combine(folder, "go")))
            await Task.Delay(PollEvery, stop).ConfigureAwait(false);
        await Task.Delay(1, stop).ConfigureAwait(false);
        return JsonSerializer.SerializeToElement($"{name}:{input.GetString()}", AiCoderJson.Options);
    }
}
