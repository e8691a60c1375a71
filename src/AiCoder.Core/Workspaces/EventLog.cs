using System.Globalization;
using System.Text.Json;
using AiCoder.Core.Configuration;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Workspaces;

/// <summary>
/// A task's events as one file each under <c>state/events/</c>, for a host whose history can't be asked for them. The file's name is
/// the event's sequence: written twice, on whatever machine, it is the same event.
/// </summary>
public sealed class EventLog(AiCoderOptions options)
{
    private const string Suffix = ".json";

    /// <summary>Keeps an event; it is on the disk when this returns.</summary>
    public async Task KeepAsync(TaskEvent taskEvent, CancellationToken cancellationToken)
    {
        var folder = FolderOf(taskEvent.TaskId);
        Directory.CreateDirectory(folder);
        var path = Path.Combine(folder, taskEvent.Sequence.ToString("D6", CultureInfo.InvariantCulture) + Suffix);
        if (!File.Exists(path))
            await DurableFile.WriteAsync(path, JsonSerializer.SerializeToUtf8Bytes(taskEvent, AiCoderJson.Options), cancellationToken).ConfigureAwait(false);
    }

    /// <summary>The events with a sequence above <paramref name="after"/>, in order; empty where none are kept.</summary>
    public async Task<IReadOnlyList<TaskEvent>> ReadAsync(string taskId, int after, CancellationToken cancellationToken)
    {
        var folder = FolderOf(taskId);
        if (!Directory.Exists(folder))
            return [];
        var events = new List<TaskEvent>();
        foreach (var path in Directory.EnumerateFiles(folder, "*" + Suffix).Order(StringComparer.Ordinal))
        {
            if (!int.TryParse(Path.GetFileNameWithoutExtension(path), NumberStyles.None, CultureInfo.InvariantCulture, out var sequence) || sequence <= after)
                continue;
            if (JsonSerializer.Deserialize<TaskEvent>(await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false), AiCoderJson.Options) is { } kept)
                events.Add(kept);
        }

        return events;
    }

    private string FolderOf(string taskId) => Path.Combine(new WorkspaceLayout(TaskFolder.Of(options.WorkspaceDir, taskId)).State, "events");
}
