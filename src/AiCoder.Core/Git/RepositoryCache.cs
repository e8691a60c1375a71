using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using AiCoder.Core.Configuration;
using AiCoder.Core.Workspaces;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiCoder.Core.Git;

/// <summary>
/// Objects of earlier clones, under <c>&lt;WORKSPACE_DIR&gt;/.cache/</c>, so that the next clone of the same repository fetches only what
/// is new. An entry never changes once it has its name, and is copied (linked) out of: tasks, processes and kills can't disturb each
/// other. It is looked into only after the remote has let the caller in with the caller's own login.
/// </summary>
public sealed partial class RepositoryCache
{
    private const int EntriesKept = 3;
    private const int PacksAtMost = 20;
    private static readonly TimeSpan OldestEntry = TimeSpan.FromDays(14);
    private static readonly TimeSpan OldestPart = TimeSpan.FromHours(6);

    private readonly string _root;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;

    public RepositoryCache(AiCoderOptions options, TimeProvider time, ILogger<RepositoryCache>? logger = null)
    {
        _root = Path.Combine(options.WorkspaceDir, ".cache");
        _time = time;
        _logger = logger ?? NullLogger<RepositoryCache>.Instance;
    }

    /// <summary>Whether there is anything for a repository.</summary>
    internal bool Has(GitUrl url) => Entries(url).Count > 0;

    /// <summary>Brings the entry that fits best into a new git directory.</summary>
    /// <returns>The commit that is there now; null where nothing could be taken.</returns>
    internal string? CopyTo(GitUrl url, string? wantedCommit, string gitFolder)
    {
        var entries = Entries(url);
        var entry = entries.LastOrDefault(one => CommitOf(one) == wantedCommit) ?? entries.LastOrDefault();
        if (entry is null)
            return null;
        try
        {
            GitFolder.SharePacks(entry, gitFolder);
            Directory.SetLastWriteTimeUtc(entry, _time.GetUtcNow().UtcDateTime);
            return CommitOf(entry);
        }
        catch (IOException exception)
        {
            // It was removed for its age while we copied. The clone goes on without; git refuses a pack that is not whole.
            LogUnusable(entry, exception.Message);
            return null;
        }
    }

    /// <summary>Keeps a finished clone's objects for the next one. A cache that can't be written costs nobody his clone.</summary>
    internal void Keep(GitUrl url, string commit, string gitFolder)
    {
        var folder = FolderOf(url);
        try
        {
            var known = Entries(url).LastOrDefault(one => CommitOf(one) == commit);
            if (known is not null)
            {
                Directory.SetLastWriteTimeUtc(known, _time.GetUtcNow().UtcDateTime);
                return;
            }
            if (Directory.EnumerateFiles(Path.Combine(gitFolder, "objects", "pack"), "*.pack").Count() > PacksAtMost)
            {
                // Many small packs make every later step slower: the next clone begins anew.
                Remove(url);
                return;
            }
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            var part = Path.Combine(folder, $".part-{Guid.NewGuid():n}");
            GitFolder.SharePacks(gitFolder, part);
            var name = string.Create(CultureInfo.InvariantCulture, $"{_time.GetUtcNow().ToUnixTimeMilliseconds():d15}-{commit}");
            if (!Directory.Exists(Path.Combine(folder, name)))
                Directory.Move(part, Path.Combine(folder, name));
            Prune();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogUnusable(folder, exception.Message);
        }
    }

    /// <summary>Forgets a repository, whose entry turned out to be broken.</summary>
    internal void Remove(GitUrl url)
    {
        foreach (var entry in Entries(url))
            FolderRemoval.Remove(entry);
    }

    /// <summary>Removes what is too old or too many, and what killed processes left.</summary>
    public void Prune()
    {
        if (!Directory.Exists(_root))
            return;
        var now = _time.GetUtcNow().UtcDateTime;
        foreach (var folder in Directory.EnumerateDirectories(_root))
        {
            var all = Directory.EnumerateDirectories(folder).ToLookup(path => Path.GetFileName(path).StartsWith(".part-", StringComparison.Ordinal));
            var old = all[true].Where(part => now - Directory.GetLastWriteTimeUtc(part) > OldestPart)
                .Concat(all[false].Where(entry => now - Directory.GetLastWriteTimeUtc(entry) > OldestEntry))
                .Concat(all[false].Order(StringComparer.Ordinal).SkipLast(EntriesKept));
            foreach (var entry in old.Distinct())
                FolderRemoval.Remove(entry);
        }
    }

    private List<string> Entries(GitUrl url)
    {
        var folder = FolderOf(url);
        return !Directory.Exists(folder)
            ? []
            : [.. Directory.EnumerateDirectories(folder)
                .Where(path => !Path.GetFileName(path).StartsWith('.')
                    && _time.GetUtcNow().UtcDateTime - Directory.GetLastWriteTimeUtc(path) <= OldestEntry)
                .Order(StringComparer.Ordinal)];
    }

    private string FolderOf(GitUrl url) =>
        Path.Combine(_root, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(url.Address)))[..40]);

    private static string CommitOf(string entry) => Path.GetFileName(entry).Split('-')[^1];

    [LoggerMessage(Level = LogLevel.Warning, Message = "The repository cache at {Place} could not be used: {Reason}")]
    private partial void LogUnusable(string place, string reason);
}
