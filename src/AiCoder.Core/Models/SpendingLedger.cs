using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Models;

/// <summary>
/// What all processes that share WORKSPACE_DIR spent on the model, by UTC day. Each process writes one file of its own,
/// <c>.usage/&lt;yyyy-MM-dd&gt;/&lt;random&gt;.json</c>, replaced as a whole after each answer, and reads the others': that needs no lock, which
/// a share would not keep, and a task that is deleted or begun again takes nothing away. One instance a process.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "A semaphore without a wait handle holds nothing that needs disposal.")]
public sealed class SpendingLedger(AiCoderOptions options, TimeProvider time)
{
    private const string DayFormat = "yyyy-MM-dd";

    // What machines with other clocks still write today is never old.
    private const int LeastDaysKept = 2;
    private static readonly TimeSpan Fresh = TimeSpan.FromSeconds(3);

    // A file that was not written for so long was read whole; the processes of most files have ended.
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(2);

    private readonly string _root = Path.Combine(options.WorkspaceDir, ".usage");
    private readonly string _name = $"{Guid.NewGuid():n}.json";
    private readonly SemaphoreSlim _writing = new(1);
    private readonly SemaphoreSlim _reading = new(1);
    private readonly Lock _lock = new();
    private LedgerDay? _today;

    /// <summary>Counts what an answer cost. Never fails: what can't be written is kept, and written with the next.</summary>
    public async Task AddAsync(Usage usage)
    {
        LedgerDay day;
        lock (_lock)
        {
            day = Today();
            day.Own += usage;
            day.Version++;
        }

        try
        {
            await WriteAsync(day, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The answer is paid and must not be lost for it. Whoever next asks for the day's sum is told.
        }
    }

    /// <summary>
    /// Today's sum: this process's own to the last answer, the others' some seconds old (on a share whose attributes are cached, as
    /// much older as those).
    /// </summary>
    /// <exception cref="FailureException"><c>storage_unavailable</c>: it can't be known.</exception>
    public async Task<DaySpending> SumAsync(CancellationToken cancellationToken)
    {
        LedgerDay day;
        lock (_lock)
            day = Today();
        try
        {
            await WriteAsync(day, cancellationToken).ConfigureAwait(false);
            await ReadOthersAsync(day, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new FailureException(
                FailureCodes.StorageUnavailable, $"What was spent today can't be read or written in {FolderOf(day.Date)}, so the daily ceilings can't be kept: {exception.Message}", exception);
        }

        lock (_lock)
        {
            return new(
                day.Date,
                day.Own.TotalTokens + day.Others.Values.Sum(other => other.Tokens),
                (day.Own.CostUsd ?? 0) + day.Others.Values.Sum(other => other.CostUsd));
        }
    }

    private LedgerDay Today()
    {
        var date = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        return _today is { } today && today.Date == date ? today : _today = new(date);
    }

    private string FolderOf(DateOnly date) => Path.Combine(_root, date.ToString(DayFormat, CultureInfo.InvariantCulture));

    /// <summary>Writes this process's file where it is behind; of several that wait, the first writes for all.</summary>
    private async Task WriteAsync(LedgerDay day, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (day.Written == day.Version)
                return;
        }

        await _writing.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            long version;
            Usage own;
            lock (_lock)
            {
                if (day.Written == day.Version)
                    return;
                (version, own) = (day.Version, day.Own);
            }

            var folder = FolderOf(day.Date);
            Directory.CreateDirectory(folder);
            var file = new SpentByProcess(Environment.MachineName, Environment.ProcessId, time.GetUtcNow(), own);
            await DurableFile.WriteAsync(Path.Combine(folder, _name), JsonSerializer.SerializeToUtf8Bytes(file, AiCoderJson.Options), cancellationToken).ConfigureAwait(false);
            lock (_lock)
                day.Written = version;
            if (!day.Swept)
                RemoveOldDays(day);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task ReadOthersAsync(LedgerDay day, CancellationToken cancellationToken)
    {
        await _reading.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (day.ReadAt is { } readAt && time.GetElapsedTime(readAt) < Fresh)
                return;
            var folder = new DirectoryInfo(FolderOf(day.Date));
            var began = time.GetTimestamp();
            foreach (var file in folder.Exists ? folder.EnumerateFiles("*.json") : [])
            {
                if (file.Name == _name || IsKnown(day, file))
                    continue;
                try
                {
                    // Before the content: what is written between the two is read again.
                    var writtenAt = file.LastWriteTimeUtc;
                    var content = await File.ReadAllBytesAsync(file.FullName, cancellationToken).ConfigureAwait(false);
                    var spent = JsonSerializer.Deserialize<SpentByProcess>(content, AiCoderJson.Options)?.Usage ?? Usage.Zero;
                    lock (_lock)
                        day.Learn(file.Name, spent, writtenAt);
                }
                catch (JsonException exception)
                {
                    throw new JsonException($"{file.Name} is damaged ({exception.Message})", exception);
                }
                catch (FileNotFoundException)
                {
                    // An operator took it away between two looks.
                }
            }

            day.ReadAt = began;
        }
        finally
        {
            _reading.Release();
        }
    }

    private bool IsKnown(LedgerDay day, FileInfo file)
    {
        lock (_lock)
        {
            return day.Others.TryGetValue(file.Name, out var known)
                && known.WrittenAt == file.LastWriteTimeUtc
                && time.GetUtcNow().UtcDateTime - known.WrittenAt > Settled;
        }
    }

    private void RemoveOldDays(LedgerDay day)
    {
        day.Swept = true;
        var oldest = day.Date.AddDays(-Math.Max(options.RetentionDays, LeastDaysKept));
        foreach (var folder in Directory.EnumerateDirectories(_root))
        {
            if (!DateOnly.TryParseExact(Path.GetFileName(folder), DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date) || date >= oldest)
                continue;
            try
            {
                FolderRemoval.Remove(folder);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Tomorrow tries again.
            }
        }
    }

    /// <summary>A day as this process knows it.</summary>
    private sealed class LedgerDay(DateOnly date)
    {
        public DateOnly Date => date;
        public Usage Own { get; set; } = Usage.Zero;

        /// <summary>How often <see cref="Own"/> was added to, and how much of that is on the disk.</summary>
        public long Version { get; set; }
        public long Written { get; set; }
        public Dictionary<string, Known> Others { get; } = new(StringComparer.Ordinal);
        public long? ReadAt { get; set; }
        public bool Swept { get; set; }

        /// <summary>Sums only grow: what a share shows of an older state lowers nothing.</summary>
        public void Learn(string name, Usage spent, DateTime writtenAt)
        {
            var before = Others.GetValueOrDefault(name);
            Others[name] = new(Math.Max(before.Tokens, spent.TotalTokens), Math.Max(before.CostUsd, spent.CostUsd ?? 0), writtenAt);
        }
    }

    private readonly record struct Known(long Tokens, decimal CostUsd, DateTime WrittenAt);
}
