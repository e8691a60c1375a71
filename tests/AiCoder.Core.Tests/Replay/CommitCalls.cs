using System.Text;
using System.Text.Json.Nodes;
using AiCoder.Core.Tools;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Replay;

/// <summary>Turns a commit into the tool calls that a model would make for it, from what git says of it.</summary>
/// <param name="repository">The bare repository that holds it.</param>
internal sealed class CommitCalls(string repository)
{
    // Where a hunk is not unique in its file, a model quotes more around it.
    private static readonly int[] Contexts = [1, 3, 12, 100_000];

    /// <summary>The calls, in order: what moves goes first, so that nothing is in its way.</summary>
    public async Task<IReadOnlyList<(string Tool, JsonObject Arguments)>> OfAsync(string parent, string commit)
    {
        var calls = new List<(string, JsonObject)>();
        var raw = (await GitProgram.RunAsync(repository, "diff-tree", "-r", "-M40%", "-z", "--raw", parent, commit)).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        var later = new List<(string, JsonObject)>();
        for (var at = 0; at < raw.Length;)
        {
            var fields = raw[at++].Split(' ');
            var (oldMode, newMode, oldBlob, newBlob, status) = (fields[0].TrimStart(':'), fields[1], fields[2], fields[3], fields[4][0]);
            var path = raw[at++];
            Assert.True(status is 'A' or 'D' || oldMode == newMode, $"{path} changes its mode, which no tool does");
            if (status == 'D')
                calls.Add(("delete_file", new() { ["path"] = path }));
            else if (status == 'A')
                later.Add(("write_file", new() { ["path"] = path, ["content"] = Encoding.UTF8.GetString(await BlobAsync(newBlob)) }));
            else
            {
                if (status == 'R')
                {
                    calls.Add(("move_file", new() { ["from"] = path, ["to"] = raw[at] }));
                    path = raw[at++];
                }

                if (oldBlob != newBlob)
                    later.AddRange(await EditsAsync(path, await BlobAsync(oldBlob), await BlobAsync(newBlob)));
            }
        }

        return [.. calls, .. later];
    }

    private async Task<IEnumerable<(string, JsonObject)>> EditsAsync(string path, byte[] before, byte[] after)
    {
        var (old, fresh) = (TextFile.TryDecode(before)!, TextFile.TryDecode(after)!);
        // The form of a file is kept by every edit, so another form needs another file.
        if (old.LineEnding != fresh.LineEnding || old.MarkLength != fresh.MarkLength)
        {
            return
            [
                ("delete_file", new() { ["path"] = path }),
                ("write_file", new() { ["path"] = path, ["content"] = Encoding.UTF8.GetString(after) }),
            ];
        }

        // As UTF-8, so that git sees lines whatever the encoding is.
        var (left, right) = (await StoreAsync(Plain(old.Text)), await StoreAsync(Plain(fresh.Text)));
        foreach (var context in Contexts)
        {
            var diff = Encoding.UTF8.GetString(await GitProgram.RunBytesAsync(repository, null, "diff", "--no-color", "--text", $"-U{context}", left, right));
            var text = Plain(old.Text);
            var calls = new List<(string, JsonObject)>();
            foreach (var (oldText, newText) in Hunks(diff))
            {
                var start = text.IndexOf(oldText, StringComparison.Ordinal);
                if (oldText.Length == 0 || start < 0 || text.IndexOf(oldText, start + 1, StringComparison.Ordinal) >= 0)
                    break;
                text = text[..start] + newText + text[(start + oldText.Length)..];
                calls.Add(("edit_file", new() { ["path"] = path, ["old_text"] = oldText, ["new_text"] = newText }));
            }

            if (text == Plain(fresh.Text))
                return calls;
        }

        return [("write_file", new() { ["path"] = path, ["content"] = Plain(fresh.Text) })];
    }

    /// <summary>Each hunk of a unified diff as what stands before and after.</summary>
    private static IEnumerable<(string Old, string New)> Hunks(string diff)
    {
        StringBuilder? old = null, fresh = null;
        var previous = ' ';
        // git ends every line, and a line's own text holds no line end here.
        foreach (var line in diff.TrimEnd('\n').Split('\n').SkipWhile(line => !line.StartsWith("@@", StringComparison.Ordinal)))
        {
            if (line.StartsWith("@@", StringComparison.Ordinal))
            {
                if (old is not null)
                    yield return (old.ToString(), fresh!.ToString());
                (old, fresh) = (new(), new());
                continue;
            }

            // "\ No newline at end of file" takes back the one of the line above it.
            var sides = line[0] == '\\' ? previous : line[0];
            foreach (var side in new[] { (Text: old!, Mark: '-'), (Text: fresh!, Mark: '+') }.Where(side => sides == ' ' || sides == side.Mark))
            {
                if (line[0] == '\\')
                    side.Text.Length--;
                else
                    side.Text.Append(line, 1, line.Length - 1).Append('\n');
            }

            previous = line[0];
        }

        if (old is not null)
            yield return (old.ToString(), fresh!.ToString());
    }

    /// <summary>What a model sees of a text, and writes.</summary>
    private static string Plain(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');

    private Task<byte[]> BlobAsync(string id) => GitProgram.RunBytesAsync(repository, null, "cat-file", "blob", id);

    private async Task<string> StoreAsync(string text) =>
        Encoding.ASCII.GetString(await GitProgram.RunBytesAsync(repository, Encoding.UTF8.GetBytes(text), "hash-object", "-w", "--stdin")).Trim();
}
