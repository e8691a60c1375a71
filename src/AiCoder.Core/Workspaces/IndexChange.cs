using System.Text;

namespace AiCoder.Core.Workspaces;

/// <summary>A change between a tree and the index, with what is needed to undo it.</summary>
/// <param name="Change">The change.</param>
/// <param name="Before">What the tree has at its paths.</param>
internal sealed record IndexChange(Change Change, IReadOnlyList<IndexEntry> Before)
{
    /// <summary>Reads what <c>git diff-index -z</c> writes.</summary>
    public static List<IndexChange> Parse(List<byte[]> fields)
    {
        var changes = new List<IndexChange>();
        for (var at = 0; at + 1 < fields.Count;)
        {
            // ":<mode before> <mode> <id before> <id> <status>"
            var words = Encoding.ASCII.GetString(fields[at]).TrimStart(':').Split(' ');
            var before = new IndexEntry(words[0], words[2], fields[at + 1]);
            if (words[4][0] == 'R')
            {
                var after = new IndexEntry(IndexEntry.Absent, new('0', words[2].Length), fields[at + 2]);
                changes.Add(new(new(ChangeKind.Renamed, after.Name, before.Name), [before, after]));
                at += 3;
                continue;
            }

            changes.Add(new(new(words[4][0] switch { 'A' => ChangeKind.Created, 'D' => ChangeKind.Deleted, _ => ChangeKind.Modified }, before.Name), [before]));
            at += 2;
        }

        return changes;
    }
}

/// <summary>An entry of the index, or that there is none.</summary>
/// <param name="Mode">In octal digits.</param>
/// <param name="Id">The blob's.</param>
/// <param name="Path">Its bytes, which need not be UTF-8.</param>
internal sealed record IndexEntry(string Mode, string Id, byte[] Path)
{
    /// <summary>The mode of what is not there.</summary>
    public const string Absent = "000000";

    public bool IsAbsent => Mode == Absent;

    /// <summary>The path as text.</summary>
    public string Name => Encoding.UTF8.GetString(Path);

    /// <summary>As <c>git update-index --index-info</c> reads it.</summary>
    public byte[] Line => [.. Encoding.ASCII.GetBytes($"{Mode} {Id}\t"), .. Path];
}
