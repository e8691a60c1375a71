using System.Runtime.Versioning;
using AiCoder.Core.Configuration;

namespace AiCoder.Core.Tests.Tools;

/// <summary>Every encoding, every kind of line ending, every kind of near miss.</summary>
[SupportedOSPlatform("linux")]
public sealed class EditTableTests
{
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.OtherExecute;

    public static TheoryData<string, string, bool> Forms
    {
        get
        {
            var forms = new TheoryData<string, string, bool>();
            foreach (var encoding in FileForm.Encodings)
            {
                foreach (var ending in FileForm.AllEndings.Keys)
                {
                    forms.Add(encoding, ending, true);
                    forms.Add(encoding, ending, false);
                }
            }

            return forms;
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Whatever_the_form_an_edit_changes_the_quoted_lines_and_no_other_byte(string encoding, string ending, bool ended)
    {
        var form = new FileForm(encoding, FileForm.AllEndings[ending], ended);
        using var tools = new ToolFixture(SandboxKind.None);
        foreach (var edit in Edits(form))
        {
            var lines = form.Lines(Lines(form));
            var before = form.Bytes(lines);
            tools.Put("a.txt", before);
            File.SetUnixFileMode(tools["a.txt"], Mode);
            var untouched = tools.Fingerprint();

            var result = await tools.EditAsync("a.txt", edit.Old, edit.New, edit.All);

            if (edit.Change is null)
            {
                Assert.True(result.Error, $"{edit.Kind}: {result.Text}");
                Assert.Contains(edit.Says, result.Text, StringComparison.Ordinal);
                Assert.Equal(untouched, tools.Fingerprint());
                Assert.Empty(result.Changed);
                continue;
            }

            edit.Change(lines);
            Assert.False(result.Error, $"{edit.Kind}: {result.Text}");
            Assert.Contains(edit.Says, result.Text, StringComparison.Ordinal);
            Assert.True(form.Bytes(lines).AsSpan().SequenceEqual(tools.Bytes("a.txt")), $"{edit.Kind}: {Convert.ToHexString(tools.Bytes("a.txt"))}");
            Assert.Equal(Mode, File.GetUnixFileMode(tools["a.txt"]));
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task Whatever_the_form_a_rewrite_keeps_it_and_what_stays(string encoding, string ending, bool ended)
    {
        var form = new FileForm(encoding, FileForm.AllEndings[ending], ended);
        var lines = form.Lines(Lines(form));
        using var tools = new ToolFixture(SandboxKind.None);
        tools.Put("a.txt", form.Bytes(lines));
        File.SetUnixFileMode(tools["a.txt"], Mode);

        // The second line differs, and a model that saw CRLF or a mark may write them itself.
        lines[1] = (form.Words.Fresh, lines[1].Ending);
        var content = string.Join('\n', lines.Select(line => line.Text)) + (ended ? "\n" : "");
        foreach (var written in new[] { content, content.ReplaceLineEndings("\r\n"), "\uFEFF" + content })
        {
            var result = await tools.WriteAsync("a.txt", written);
            Assert.False(result.Error, result.Text);
            Assert.Equal(form.Bytes(lines), tools.Bytes("a.txt"));
            Assert.Equal(Mode, File.GetUnixFileMode(tools["a.txt"]));
        }

        var time = File.GetLastWriteTimeUtc(tools["a.txt"]);
        Assert.False((await tools.CallAsync("move_file", new() { ["from"] = "a.txt", ["to"] = "文档/b.txt" })).Error);
        Assert.Equal(form.Bytes(lines), tools.Bytes("文档/b.txt"));
        Assert.Equal((Mode, time), (File.GetUnixFileMode(tools["文档/b.txt"]), File.GetLastWriteTimeUtc(tools["文档/b.txt"])));
        Assert.False(File.Exists(tools["a.txt"]));
    }

    [Theory]
    [InlineData("shift_jis", "😀")]
    [InlineData("shift_jis", "é")]
    [InlineData("iso-8859-1", "你")]
    public async Task What_the_encoding_can_t_hold_is_refused_and_nothing_is_written(string encoding, string character)
    {
        var form = new FileForm(encoding, ["\r\n"], true);
        using var tools = new ToolFixture(SandboxKind.None);
        tools.Put("a.txt", form.Bytes(form.Lines(Lines(form))));
        var before = tools.Fingerprint();

        var edit = await tools.EditAsync("a.txt", "between", character);
        var write = await tools.WriteAsync("a.txt", character);

        Assert.True(edit.Error && write.Error);
        Assert.Contains($"'{character}'", edit.Text, StringComparison.Ordinal);
        Assert.Equal(before, tools.Fingerprint());
    }

    [Fact]
    public async Task A_link_is_moved_and_deleted_as_a_link_and_edited_through()
    {
        using var tools = new ToolFixture(SandboxKind.None);
        tools.Put("a.txt", "one\r\n");
        File.CreateSymbolicLink(tools["link"], "a.txt");
        File.CreateSymbolicLink(tools["dangling"], "gone");

        Assert.False((await tools.EditAsync("link", "one", "two")).Error);
        Assert.False((await tools.CallAsync("move_file", new() { ["from"] = "link", ["to"] = "moved" })).Error);
        Assert.False((await tools.CallAsync("move_file", new() { ["from"] = "dangling", ["to"] = "hanging" })).Error);

        Assert.Equal("two\r\n", tools.Text("a.txt"));
        Assert.Equal(("a.txt", "gone"), (new FileInfo(tools["moved"]).LinkTarget, new FileInfo(tools["hanging"]).LinkTarget));
        Assert.False((await tools.CallAsync("delete_file", new() { ["path"] = "moved" })).Error);
        Assert.Equal("two\r\n", tools.Text("a.txt"));
    }

    [Fact]
    public async Task An_empty_file_keeps_its_mark_and_a_new_one_is_as_it_was_written()
    {
        using var tools = new ToolFixture(SandboxKind.None);
        tools.Put("marked.txt", [0xEF, 0xBB, 0xBF]).Put("empty.txt", []);

        await tools.WriteAsync("marked.txt", "一\r\n");
        await tools.WriteAsync("empty.txt", "一\r\n");
        await tools.WriteAsync("new.txt", "一\r\n二\n三");
        await tools.WriteAsync("new-marked.txt", "\uFEFF一\n");

        Assert.Equal("\uFEFF一\r\n"u8.ToArray(), tools.Bytes("marked.txt"));
        Assert.Equal("一\r\n"u8.ToArray(), tools.Bytes("empty.txt"));
        Assert.Equal("一\r\n二\n三"u8.ToArray(), tools.Bytes("new.txt"));
        Assert.Equal("\uFEFF一\n"u8.ToArray(), tools.Bytes("new-marked.txt"));
    }

    private static string[] Lines(FileForm form)
    {
        var (first, second, _, open, close) = form.Words;
        return
        [
            $"# {first}", "if (ready) {", $"    call({second});  ", $"    say({open}{first}{close});", "}", $"twice({second});", "between", $"twice({second});", $"end {first}",
        ];
    }

    private static IEnumerable<Edit> Edits(FileForm form)
    {
        var (first, second, fresh, open, close) = form.Words;
        yield return new("exact, within a line", "if (ready)", $"if ({fresh})", lines => lines[1] = ($"if ({fresh}) {{", lines[1].Ending)) { Says = "at line 2." };
        yield return new("exact, several lines", $"}}\ntwice({second});\nbetween", $"}}\ntwice({fresh});\nbetween", lines => lines[5] = ($"twice({fresh});", lines[5].Ending)) { Says = "at line 5." };
        yield return new("exact, quoted with CRLF", $"}}\r\ntwice({second});\r\nbetween\r\n", $"}}\r\nonce({second});\r\nbetween\r\n", lines => lines[5] = ($"once({second});", lines[5].Ending));
        yield return new("exact, the last line", $"end {first}", $"end {fresh}", lines => lines[^1] = ($"end {fresh}", lines[^1].Ending)) { Says = "at line 9." };
        yield return new("lines are added", "if (ready) {", $"if (ready) {{\n    {fresh}\n    more", lines => lines.InsertRange(2, [($"    {fresh}", lines[1].Ending), ("    more", lines[1].Ending)]));
        yield return new("lines are removed", "}\n", "", lines => lines.RemoveAt(4));
        yield return new("every place", $"twice({second})", $"{fresh}()", lines => (lines[5], lines[7]) = (($"{fresh}();", lines[5].Ending), ($"{fresh}();", lines[7].Ending))) { All = true, Says = "in 2 places." };
        yield return new("trailing space", $"if (ready) {{   \n    call({second});\n", $"if (ready) {{   \n    call({fresh});\n", lines => lines[2] = ($"    call({fresh});", lines[2].Ending)) { Says = "other trailing spaces" };
        yield return new("indentation, none", $"call({second});\nsay({open}{first}{close});", $"call({fresh});\nsay({open}{first}{close});", lines => lines[2] = ($"    call({fresh});", lines[2].Ending)) { Says = "another indentation" };
        yield return new("indentation, tabs", $"\tcall({second});\n\tsay({open}{first}{close});\n", $"\tcall({second});\n\tif (x)\n\t\tsay();\n", lines =>
        {
            lines[3] = ("    if (x)", lines[3].Ending);
            lines.Insert(4, ("        say();", lines[3].Ending));
        }) { Says = "another indentation" };
        yield return new("punctuation", $"    say(\"{first}\");", $"    say(\"{fresh}\");", lines => lines[3] = ($"    say(\"{fresh}\");", lines[3].Ending)) { Says = "other punctuation" };
        yield return new("punctuation and indentation", $"if (ready) {{\n  call({second});\n  say(\"{first}\");\n", $"if (ready) {{\n  call({second});\n  say(\"{fresh}\");\n", null) { Says = "nearest lines" };
        yield return new("ambiguous", $"twice({second});", fresh, null) { Says = "2 places (at lines 6, 8)" };
        yield return new("ambiguous without indentation", $"  twice({second});  \n", fresh, null) { Says = "2 places (at lines 6, 8)" };
        yield return new("a miss", $"    call({second}, {second});\n}}\n", fresh, null) { Says = $"3\t    call({second});" };
        yield return new("nothing alike", "@@@@ ^^^^ %%%%", fresh, null) { Says = "nothing in the file is like it" };
        yield return new("no change", "between", "between", null) { Says = "the same" };
        yield return new("nothing quoted", "", fresh, null) { Says = "old_text is empty" };
    }

    private sealed record Edit(string Kind, string Old, string New, Action<List<(string Text, string Ending)>>? Change)
    {
        public bool All { get; init; }

        public string Says { get; init; } = "";
    }
}
