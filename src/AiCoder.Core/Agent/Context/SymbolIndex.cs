using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using LibGit2Sharp;

namespace AiCoder.Core.Agent.Context;

/// <summary>
/// The definitions in a repository's sources, ranked by what they have to do with an intent and by how many other files speak of
/// them. Reads so many files at most, those first that the intent is most likely about; the same tree and intent give the same.
/// </summary>
internal sealed class SymbolIndex
{
    /// <summary>Files that are read at most.</summary>
    public const int MostFiles = 2_000;

    /// <summary>Bytes that are read at most, of all files.</summary>
    public const long MostBytes = 24_000_000;

    /// <summary>A larger file is data, or generated.</summary>
    public const int LargestFile = 256_000;

    private const int CommentBefore = 300;
    private const int CommentAfter = 200;
    private const int ShortestName = 3;

    private readonly List<Symbol> _symbols = [];
    private readonly Dictionary<ulong, (int Files, int Last)> _identifiers = [];
    private readonly IntentWords _words;

    private SymbolIndex(IntentWords words) => _words = words;

    /// <summary>Files that were read.</summary>
    public int FilesRead { get; private set; }

    /// <summary>Source files that were not, because of the bounds.</summary>
    public int FilesLeft { get; private set; }

    /// <summary>Reads a tree's sources.</summary>
    /// <param name="repository">Holds the objects.</param>
    /// <param name="tree">The tree.</param>
    /// <param name="root">Its names.</param>
    /// <param name="words">What the task is about.</param>
    /// <param name="paths">The folders that the task may change; empty: all.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static SymbolIndex Read(Repository repository, Tree tree, MapFolder root, IntentWords words, IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var index = new SymbolIndex(words);
        var candidates = Candidates(root, words, paths);
        index.FilesLeft = candidates.Count;
        var bytes = MostBytes;
        foreach (var candidate in candidates)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (index.FilesRead >= MostFiles || bytes <= 0)
                break;
            index.FilesLeft--;
            // The size stands in the object's header: what is too large is never unpacked.
            if (tree[candidate.Path]?.Target is not Blob blob || repository.ObjectDatabase.RetrieveObjectMetadata(blob.Id) is not { Size: > 0 and <= LargestFile } header)
                continue;
            index.FilesRead++;
            bytes -= header.Size;
            if (Text(blob) is { } text)
                index.Add(candidate, text);
        }

        return index;
    }

    /// <summary>The symbols, the most telling first.</summary>
    public IReadOnlyList<RankedSymbol> Ranked()
    {
        var definitions = _symbols.CountBy(symbol => symbol.Name, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        var parts = _symbols.Select(symbol => _words.Shared(IntentWords.PartsOf(symbol.Name)).Distinct().ToArray()).ToArray();
        var spread = parts.SelectMany(shared => shared).CountBy(part => part, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);
        return
        [
            .. _symbols.Select((symbol, index) => new RankedSymbol(symbol.Path, symbol.Name, symbol.Kind, symbol.Line, Score(symbol, parts[index])))
                .OrderByDescending(symbol => symbol.Score).ThenBy(symbol => symbol.Path, StringComparer.Ordinal).ThenBy(symbol => symbol.Line),
        ];

        double Score(Symbol symbol, string[] shared)
        {
            var references = Math.Max(0, _identifiers.GetValueOrDefault(Hash(symbol.Name)).Files - 1) / definitions[symbol.Name];
            var score = (_words.Says(symbol.Name) ? 60 : 0)
                // A word that half of the names have says little about which.
                + shared.Sum(part => 20 / (1 + Math.Log2(spread[part])))
                + (symbol.Inside ? 10 : 0)
                + (symbol.Mention * 8)
                + (Math.Min(symbol.Han, 5) * 6)
                + (3 * Math.Log2(1 + references))
                + (symbol.Kind is null ? 0 : 2);
            return symbol.Test ? score / 2 : score;
        }
    }

    private static List<Candidate> Candidates(MapFolder root, IntentWords words, IReadOnlyList<string> paths)
    {
        var folders = paths.Select(path => path.Trim('/') + "/").ToArray();
        var candidates = new List<Candidate>();
        foreach (var (folder, file) in root.OwnFiles())
        {
            if (!file.Source)
                continue;
            var path = folder.Child(file.Name);
            var inside = folders.Length == 0 || Array.Exists(folders, wanted => wanted is "./" or "/" || path.StartsWith(wanted, StringComparison.Ordinal));
            candidates.Add(new(path, words.MentionOf(file.Name), inside, IsTest(path), path.Count(character => character == '/')));
        }

        candidates.Sort((left, right) =>
        {
            var order = right.Inside.CompareTo(left.Inside);
            order = order != 0 ? order : right.Mention.CompareTo(left.Mention);
            order = order != 0 ? order : left.Test.CompareTo(right.Test);
            order = order != 0 ? order : left.Level.CompareTo(right.Level);
            return order != 0 ? order : string.CompareOrdinal(left.Path, right.Path);
        });
        return candidates;
    }

    private static bool IsTest(string path)
    {
        var name = Path.GetFileNameWithoutExtension(path.AsSpan());
        return path.Contains("test/", StringComparison.OrdinalIgnoreCase) || path.Contains("tests/", StringComparison.OrdinalIgnoreCase) || path.Contains("spec/", StringComparison.OrdinalIgnoreCase)
            || path.Contains("__tests__/", StringComparison.Ordinal) || name.StartsWith("test_", StringComparison.OrdinalIgnoreCase) || name.EndsWith("test", StringComparison.OrdinalIgnoreCase)
            || name.EndsWith("tests", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".spec", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>The text; null: it is binary, or no person wrote it.</summary>
    private static string? Text(Blob blob)
    {
        using var content = blob.GetContentStream();
        var length = (int)Math.Min(content.Length, LargestFile);
        var buffer = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var bytes = buffer.AsSpan(0, content.ReadAtLeast(buffer.AsSpan(0, length), length, throwOnEndOfStream: false));
            if (bytes.Contains((byte)0))
                return null;
            var text = Encoding.UTF8.GetString(bytes);
            return ForeignFiles.IsGenerated(text) ? null : text;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private void Add(Candidate file, string text)
    {
        foreach (var place in SourceLanguage.Of(file.Path)!.Symbols!.Find(text))
            _symbols.Add(new(file.Path, place.Name, place.Kind, place.Line, file.Mention, file.Inside, file.Test, _words.HasHan ? _words.HanIn(Around(text, place.Index)) : 0));
        CountIdentifiers(text);
    }

    /// <summary>A definition's line with the comment above it, and two lines below, where Python has it.</summary>
    private static string Around(string text, int index)
    {
        var start = Math.Max(0, index - CommentBefore);
        var blank = text.LastIndexOf("\n\n", Math.Max(index - 2, 0), Math.Max(index - 2 - start, 0), StringComparison.Ordinal);
        var (end, last) = (index, Math.Min(text.Length, index + CommentAfter));
        for (var lines = 0; lines < 3 && end < last; lines++)
            end = text.IndexOf('\n', end, last - end) is var next and >= 0 ? next + 1 : last;
        return text[(blank < 0 ? start : blank)..end];
    }

    private void CountIdentifiers(string text)
    {
        var start = -1;
        for (var index = 0; index <= text.Length; index++)
        {
            if (index < text.Length && (char.IsAsciiLetterOrDigit(text[index]) || text[index] == '_'))
            {
                start = start < 0 ? index : start;
                continue;
            }

            if (start >= 0 && index - start >= ShortestName && !char.IsAsciiDigit(text[start]))
            {
                ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(_identifiers, Hash(text.AsSpan(start, index - start)), out _);
                if (count.Last != FilesRead)
                    count = (count.Files + 1, FilesRead);
            }

            start = -1;
        }
    }

    // FNV-1a: the same in every process, unlike string's; two names with one hash cost a little accuracy.
    private static ulong Hash(ReadOnlySpan<char> name)
    {
        var hash = 14695981039346656037UL;
        foreach (var character in name)
            hash = (hash ^ character) * 1099511628211UL;
        return hash;
    }

    private readonly record struct Candidate(string Path, int Mention, bool Inside, bool Test, int Level);

    private readonly record struct Symbol(string Path, string Name, string? Kind, int Line, int Mention, bool Inside, bool Test, int Han);
}

/// <summary>A definition and how much it says about a task.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Name">Its name.</param>
/// <param name="Kind">The keyword where it is a type; null: a function or method.</param>
/// <param name="Line">From 1.</param>
/// <param name="Score">The more the better.</param>
internal sealed record RankedSymbol(string Path, string Name, string? Kind, int Line, double Score);
