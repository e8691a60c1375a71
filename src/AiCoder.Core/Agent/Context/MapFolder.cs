using LibGit2Sharp;

namespace AiCoder.Core.Agent.Context;

/// <summary>A folder of a commit's tree: names only, no file's content.</summary>
internal sealed class MapFolder(string name, string path)
{
    // Far beyond what people make; a tree can be nested and repeated without end at no cost to who made it.
    private const int MostEntries = 1_000_000;
    private const int MostLevels = 60;

    public string Name { get; } = name;

    /// <summary>Relative, with forward slashes; empty: the root.</summary>
    public string Path { get; } = path;

    public List<MapFolder> Folders { get; } = [];

    public List<MapFile> Files { get; } = [];

    /// <summary>Files in it and under it.</summary>
    public int Count { get; private set; }

    /// <summary>It holds what others made (<see cref="ForeignFiles"/>): shown by its name only.</summary>
    public bool Foreign { get; private init; }

    /// <summary>The task is about something under it: shown before others.</summary>
    public bool Wanted { get; set; }

    public string Child(string entry) => Path.Length == 0 ? entry : $"{Path}/{entry}";

    public static MapFolder Read(Tree root, CancellationToken cancellationToken)
    {
        var left = MostEntries;
        return Read(root, new MapFolder("", ""), 0, ref left, cancellationToken);
    }

    /// <summary>Every file that is the repository's own.</summary>
    public IEnumerable<(MapFolder Folder, MapFile File)> OwnFiles()
    {
        foreach (var file in Files)
            yield return (this, file);
        foreach (var pair in Folders.Where(folder => !folder.Foreign).SelectMany(folder => folder.OwnFiles()))
            yield return pair;
    }

    private static MapFolder Read(Tree tree, MapFolder folder, int level, ref int left, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        foreach (var entry in tree)
        {
            if (left-- <= 0)
                break;
            switch (entry.TargetType)
            {
                case TreeEntryTargetType.Tree:
                    var child = new MapFolder(entry.Name, folder.Child(entry.Name)) { Foreign = folder.Foreign || ForeignFiles.IsFolder(entry.Name) };
                    folder.Folders.Add(level < MostLevels ? Read((Tree)entry.Target, child, level + 1, ref left, cancellationToken) : child);
                    break;
                case TreeEntryTargetType.GitLink:
                    folder.Files.Add(new(entry.Name + " (submodule)", Source: false));
                    break;
                default:
                    // No look at its target: of a hundred thousand, two thousand are read at most.
                    var source = entry.Mode != Mode.SymbolicLink && !folder.Foreign && SourceLanguage.Of(entry.Name) is { Symbols: not null } && !ForeignFiles.IsFile(entry.Name);
                    folder.Files.Add(new(entry.Name, source));
                    break;
            }
        }

        folder.Count = folder.Files.Count + folder.Folders.Sum(child => child.Count);
        return folder;
    }
}

/// <summary>A file of a commit's tree.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Source">Whether definitions can be found in it.</param>
internal readonly record struct MapFile(string Name, bool Source);
