using System.Text;
using System.Text.Json;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;

namespace AiCoder.Core.Agent;

/// <summary>
/// The record of a task's conversation, on the disk before anything is done with it. One writer at a time.
/// </summary>
public sealed class Transcript : IAsyncDisposable
{
    public const string Analyzing = "analyzing";
    public const string Coding = "coding";

    private readonly FileStream _file;
    private readonly TimeProvider _time;
    private readonly List<TranscriptEntry> _entries;

    private Transcript(FileStream file, List<TranscriptEntry> entries, TimeProvider time) =>
        (_file, _entries, _time) = (file, entries, time);

    /// <summary>What stands in it, in order.</summary>
    public IReadOnlyList<TranscriptEntry> Entries => _entries;

    /// <summary>Opens it for going on. A last line that a kill cut short is taken away.</summary>
    public static async Task<Transcript> OpenAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            var bytes = new byte[file.Length];
            await file.ReadExactlyAsync(bytes, cancellationToken).ConfigureAwait(false);
            var whole = Array.LastIndexOf(bytes, (byte)'\n') + 1;
            file.SetLength(whole);
            file.Seek(0, SeekOrigin.End);
            return new Transcript(file, Parse(path, bytes.AsSpan(0, whole)), time);
        }
        catch
        {
            await file.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Reads it without touching it; empty where there is none. May be called while another writes.</summary>
    public static async Task<IReadOnlyList<TranscriptEntry>> ReadAsync(string path, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
            return [];
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        await using (file.ConfigureAwait(false))
        {
            var bytes = new byte[file.Length];
            var length = await file.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
            return Parse(path, bytes.AsSpan(0, Array.LastIndexOf(bytes, (byte)'\n', Math.Max(length - 1, 0)) + 1));
        }
    }

    /// <summary>Adds a line; it is on the disk when this returns.</summary>
    public async Task AppendAsync(TranscriptEntry entry, CancellationToken cancellationToken)
    {
        var stamped = entry with { At = _time.GetUtcNow() };
        var line = JsonSerializer.SerializeToUtf8Bytes(stamped, AiCoderJson.Options);
        // One write: a kill between two would leave half a line at best, never a line without its end in the middle.
        await _file.WriteAsync((byte[])[.. line, (byte)'\n'], cancellationToken).ConfigureAwait(false);
        _file.Flush(flushToDisk: true);
        _entries.Add(stamped);
    }

    /// <summary>What a stage cost so far.</summary>
    public Usage UsageOf(string stage) =>
        _entries.OfType<AnswerEntry>().Where(entry => entry.Stage == stage).Aggregate(Usage.Zero, (sum, entry) => sum + entry.Answer.Usage);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _file.DisposeAsync();

    private static List<TranscriptEntry> Parse(string path, ReadOnlySpan<byte> bytes)
    {
        var entries = new List<TranscriptEntry>();
        foreach (var line in bytes.Split((byte)'\n'))
        {
            if (bytes[line].IsEmpty)
                continue;
            try
            {
                entries.Add(JsonSerializer.Deserialize<TranscriptEntry>(bytes[line], AiCoderJson.Options)!);
            }
            catch (JsonException exception)
            {
                throw new FailureException(
                    FailureCodes.Unhandled,
                    $"Line {entries.Count + 1} of {path} is damaged: {exception.Message} ({Encoding.UTF8.GetString(bytes[line][..Math.Min(bytes[line].Length, 80)])}…)",
                    exception);
            }
        }

        return entries;
    }
}
