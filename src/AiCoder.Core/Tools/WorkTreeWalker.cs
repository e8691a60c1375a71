using LibGit2Sharp;

namespace AiCoder.Core.Tools;

/// <summary>Goes through the work tree as people see it: without <c>.git</c> and without what git ignores. Follows no link.</summary>
internal sealed class WorkTreeWalker(string root, string gitFolder) : IDisposable
{
    private readonly Lazy<Repository?> _repository = new(() => Repository.IsValid(gitFolder)
        ? new Repository(gitFolder, new RepositoryOptions { WorkingDirectoryPath = root })
        : null);

    /// <summary>
    /// The entries of a folder, folders first, in order of their names. What is ignored is asked entry by entry as they are taken, so who
    /// takes few of many does not wait for all.
    /// </summary>
    public IEnumerable<WorkTreeEntry> List(WorkTreePath folder) =>
        new DirectoryInfo(folder.Absolute).EnumerateFileSystemInfos()
            .Where(entry => !entry.Name.Equals(".git", StringComparison.OrdinalIgnoreCase))
            .Select(entry => Entry(folder, entry))
            .OrderBy(entry => entry.Kind != WorkTreeEntryKind.Folder)
            .ThenBy(entry => entry.Path.Relative, StringComparer.Ordinal)
            .Where(entry => !IsIgnored(entry));

    /// <summary>Every file in and under a folder.</summary>
    public IEnumerable<WorkTreeEntry> Files(WorkTreePath folder, CancellationToken cancellationToken)
    {
        var pending = new Stack<WorkTreePath>([folder]);
        while (pending.TryPop(out var current))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var entries = List(current).ToList();
            foreach (var entry in entries.Where(entry => entry.Kind == WorkTreeEntryKind.File))
                yield return entry;
            foreach (var entry in Enumerable.Reverse(entries).Where(entry => entry.Kind == WorkTreeEntryKind.Folder))
                pending.Push(entry.Path);
        }
    }

    public void Dispose()
    {
        if (_repository.IsValueCreated)
            _repository.Value?.Dispose();
    }

    private static WorkTreeEntry Entry(WorkTreePath folder, FileSystemInfo info)
    {
        var relative = folder.Relative == "." ? info.Name : $"{folder.Relative}/{info.Name}";
        var path = new WorkTreePath(relative, info.FullName);
        return info.LinkTarget is { } target ? new(path, WorkTreeEntryKind.Link, 0, target)
            : info is FileInfo file ? new(path, WorkTreeEntryKind.File, file.Length, null)
            : new(path, WorkTreeEntryKind.Folder, 0, null);
    }

    private bool IsIgnored(WorkTreeEntry entry) =>
        _repository.Value?.Ignore.IsPathIgnored(entry.Kind == WorkTreeEntryKind.Folder ? entry.Path.Relative + "/" : entry.Path.Relative) ?? false;
}

internal enum WorkTreeEntryKind
{
    File,
    Folder,
    Link,
}

/// <summary>Something in the work tree.</summary>
internal sealed record WorkTreeEntry(WorkTreePath Path, WorkTreeEntryKind Kind, long Length, string? LinkTarget);
