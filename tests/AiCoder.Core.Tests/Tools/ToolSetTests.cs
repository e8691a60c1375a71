using System.Runtime.Versioning;
using System.Text;
using System.Text.Json.Nodes;
using AiCoder.Core.Models;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Tools;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Tools;

[SupportedOSPlatform("linux")]
public sealed class ToolSetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Lazy<ToolSet> _tools;

    public ToolSetTests()
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        Directory.CreateDirectory(_folder["work"]);
        LibGit2Sharp.Repository.Init(_folder["git"]);
        _tools = new(() => new ToolSet(_folder["work"], _folder["git", ".git"], new PathScope([], false), new NoSandbox(), _folder["home"], false, TimeProvider.System));
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void The_tools_are_told_in_few_words()
    {
        var schemas = _tools.Value.Definitions.Sum(tool => tool.Name.Length + tool.Description.Length + tool.Parameters.Length);

        Assert.InRange(schemas, 1_000, 3_000);
        Assert.All(_tools.Value.Definitions, tool => Assert.NotNull(JsonNode.Parse(tool.Parameters)));
    }

    [Fact]
    public async Task Editing_keeps_encoding_mark_endings_mode_and_the_missing_last_newline()
    {
        var gbk = Encoding.GetEncoding("gb18030");
        await PutAsync("配置/数据.txt", gbk.GetBytes("名称=旧\r\n说明=这是一个文件"));
        File.SetUnixFileMode(_folder["work", "配置", "数据.txt"], UnixFileMode.UserRead | UnixFileMode.UserExecute);

        var result = await CallAsync("edit_file", new() { ["path"] = "配置/数据.txt", ["old_text"] = "名称=旧\n说明", ["new_text"] = "名称=新\n说明" });

        Assert.Equal("Edited 配置/数据.txt at line 1.", result.Text);
        Assert.Equal(gbk.GetBytes("名称=新\r\n说明=这是一个文件"), await File.ReadAllBytesAsync(_folder["work", "配置", "数据.txt"], Cancel));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserExecute, File.GetUnixFileMode(_folder["work", "配置", "数据.txt"]));
        Assert.Equal(["配置/数据.txt"], result.Changed);
    }

    [Fact]
    public async Task Writing_over_a_file_keeps_its_form()
    {
        await PutAsync("a.txt", Encoding.UTF8.GetBytes("\uFEFF一\r\n二\r\n"));

        await CallAsync("write_file", new() { ["path"] = "a.txt", ["content"] = "一\n三\n" });

        Assert.Equal(Encoding.UTF8.GetBytes("\uFEFF一\r\n三\r\n"), await File.ReadAllBytesAsync(_folder["work", "a.txt"], Cancel));
    }

    [Fact]
    public async Task A_binary_file_is_neither_read_nor_written_over()
    {
        byte[] bytes = [0x89, 0x50, 0, 0, 1, 2];
        await PutAsync("logo.png", bytes);

        Assert.True((await CallAsync("read_file", new() { ["path"] = "logo.png" })).Error);
        Assert.True((await CallAsync("write_file", new() { ["path"] = "logo.png", ["content"] = "x" })).Error);
        Assert.True((await CallAsync("edit_file", new() { ["path"] = "logo.png", ["old_text"] = "P", ["new_text"] = "x" })).Error);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(_folder["work", "logo.png"], Cancel));
    }

    [Fact]
    public async Task Reading_has_line_numbers_and_bounds()
    {
        await PutAsync("long.txt", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(1, 2_000).Select(line => $"l{line}\n"))));

        var whole = (await CallAsync("read_file", new() { ["path"] = "long.txt" })).Text;
        var part = (await CallAsync("read_file", new() { ["path"] = "long.txt", ["start_line"] = "1999", ["end_line"] = 5000 })).Text;

        Assert.StartsWith("1\tl1\n2\tl2\n", whole, StringComparison.Ordinal);
        Assert.EndsWith("(lines 1-800 of 2000; go on with start_line)", whole, StringComparison.Ordinal);
        Assert.Equal("1999\tl1999\n2000\tl2000\n(lines 1999-2000 of 2000)", part);
        Assert.Contains("only 2000 lines", (await CallAsync("read_file", new() { ["path"] = "long.txt", ["start_line"] = 3000 })).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_file_gets_a_suggestion()
    {
        await PutAsync("src/UserService.cs", "x"u8.ToArray());

        Assert.Contains("UserService.cs", (await CallAsync("read_file", new() { ["path"] = "src/userservice.cs" })).Text, StringComparison.Ordinal);
        Assert.Contains("forward slashes", (await CallAsync("read_file", new() { ["path"] = "src\\UserService.cs" })).Text, StringComparison.Ordinal);
        Assert.Contains("use list_files", (await CallAsync("read_file", new() { ["path"] = "src" })).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Search_finds_by_expression_and_glob_and_leaves_out_ignored_and_binary_files()
    {
        await PutAsync(".gitignore", "out/\n*.log\n"u8.ToArray());
        await PutAsync("src/a.py", "import os\nvalue = 1\n"u8.ToArray());
        await PutAsync("src/b.ts", "const value = 2\n"u8.ToArray());
        await PutAsync("out/c.py", "value = 3\n"u8.ToArray());
        await PutAsync("d.log", "value = 4\n"u8.ToArray());
        await PutAsync("bin.dat", "value = 5\0\n"u8.ToArray());
        await PutAsync("中文.txt", Encoding.GetEncoding("gb18030").GetBytes("数值 value = 6，结果\n"));

        Assert.Equal("中文.txt:1: 数值 value = 6，结果\nsrc/a.py:2: value = 1\nsrc/b.ts:1: const value = 2", (await CallAsync("search", new() { ["pattern"] = @"value = \d" })).Text);
        Assert.Equal("src/a.py:2: value = 1", (await CallAsync("search", new() { ["pattern"] = "value", ["glob"] = "*.py" })).Text);
        Assert.Equal("src/b.ts:1: const value = 2", (await CallAsync("search", new() { ["pattern"] = @"(?<=const )value", ["path"] = "src" })).Text);
        Assert.Equal("No match.", (await CallAsync("search", new() { ["pattern"] = "nowhere" })).Text);
        Assert.Contains("no regular expression", (await CallAsync("search", new() { ["pattern"] = "(" })).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pattern_that_would_run_for_ever_ends()
    {
        await PutAsync("a.txt", Encoding.UTF8.GetBytes(new string('a', 5_000) + "!\n"));

        Assert.Equal("No match.", (await CallAsync("search", new() { ["pattern"] = @"^(a+)+(?=b)$" })).Text);
    }

    [Fact]
    public async Task A_slow_pattern_on_many_lines_ends_with_the_search()
    {
        await PutAsync("a.txt", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("value\n", 1_000))));
        using var tools = new ToolSet(_folder["work"], _folder["git", ".git"], new PathScope([], false), new NoSandbox(), _folder["home"], false, new RacingClock());

        var result = await tools.RunAsync(new ToolCall("1", "search", "{\"pattern\": \"nowhere\"}"), Cancel);

        Assert.Equal("(stopped after 20 seconds; narrow the search with path or glob)", result.Text);
    }

    [Fact]
    public async Task Search_says_what_was_too_large_and_shows_where_a_long_line_matches()
    {
        await PutAsync("big.txt", Encoding.UTF8.GetBytes("needle\n" + new string('x', 3_000_000)));
        await PutAsync("long.txt", Encoding.UTF8.GetBytes(new string('a', 4_000) + "needle" + new string('b', 4_000)));

        var text = (await CallAsync("search", new() { ["pattern"] = "needle" })).Text;

        Assert.StartsWith("long.txt:1: …aaa", text, StringComparison.Ordinal);
        Assert.Contains("aneedleb", text, StringComparison.Ordinal);
        Assert.EndsWith("b…\n(1 files larger than 2 MB were left out; name one as path to search it)", text, StringComparison.Ordinal);
        Assert.StartsWith("big.txt:1: needle", (await CallAsync("search", new() { ["pattern"] = "needle", ["path"] = "big.txt" })).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_of_thousands_is_listed_in_part_and_says_so()
    {
        for (var file = 0; file < 1_200; file++)
            await PutAsync($"many/file{file}.txt", []);
        for (var file = 0; file < 300; file++)
            await PutAsync($"wide/{new string('n', 200)}{file}.txt", []);

        Assert.Equal("many/ (1000 or more entries)\nwide/ (300 entries)", (await CallAsync("list_files", new() { ["depth"] = 1 })).Text);
        var many = (await CallAsync("list_files", new() { ["path"] = "many" })).Text;
        Assert.Equal(501, many.Split('\n').Length);
        Assert.EndsWith("… more than 500 entries; list a sub-folder or use less depth.", many, StringComparison.Ordinal);
        var wide = (await CallAsync("list_files", new() { ["path"] = "wide" })).Text;
        Assert.InRange(wide.Length, 20_000, 20_500);
        Assert.EndsWith("… more than 20000 characters; list a sub-folder or use less depth.", wide, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_answer_is_longer_than_its_bound_whatever_it_quotes()
    {
        var absurd = new string('p', 500_000);

        foreach (var tool in new[] { "list_files", "read_file", "delete_file", absurd })
        {
            var text = (await CallAsync(tool, new() { ["path"] = absurd })).Text;
            Assert.InRange(text.Length, 1, 32_100);
        }

        await PutAsync("long.txt", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(new string('l', 990) + "\n", 700))));
        var read = (await CallAsync("read_file", new() { ["path"] = "long.txt" })).Text;
        Assert.InRange(read.Length, 29_000, 32_000);
        Assert.EndsWith("of 700; go on with start_line)", read, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folders_are_listed_to_a_depth_without_what_is_ignored()
    {
        await PutAsync(".gitignore", "node_modules\n"u8.ToArray());
        await PutAsync("node_modules/x/y.js", "x"u8.ToArray());
        await PutAsync("src/deep/er/a.py", "x"u8.ToArray());
        await PutAsync("说明.md", "x"u8.ToArray());

        Assert.Equal("src/\n  deep/ (1 entries)\n.gitignore\n说明.md", (await CallAsync("list_files", [])).Text);
        Assert.Equal("er/\n  a.py", (await CallAsync("list_files", new() { ["path"] = "src/deep" })).Text);
    }

    [Fact]
    public async Task Moving_and_deleting_refuse_what_is_in_the_way()
    {
        await PutAsync("a/one.txt", "1"u8.ToArray());
        await PutAsync("two.txt", "2"u8.ToArray());

        Assert.True((await CallAsync("move_file", new() { ["from"] = "a/one.txt", ["to"] = "two.txt" })).Error);
        Assert.True((await CallAsync("move_file", new() { ["from"] = "a/one.txt", ["to"] = "two.txt/x" })).Error);
        Assert.True((await CallAsync("delete_file", new() { ["path"] = "a" })).Error);
        Assert.True((await CallAsync("delete_file", new() { ["path"] = "gone.txt" })).Error);
        Assert.True((await CallAsync("write_file", new() { ["path"] = "two.txt/x", ["content"] = "x" })).Error);
        Assert.Equal("1", await File.ReadAllTextAsync(_folder["work", "a", "one.txt"], Cancel));
        Assert.Equal("2", await File.ReadAllTextAsync(_folder["work", "two.txt"], Cancel));
    }

    [Theory]
    [InlineData("{\"path\": \"a.txt\", \"content\": \"one\ntwo\n\"}")]
    [InlineData("```json\n{\"path\": \"a.txt\", \"content\": \"one\\ntwo\\n\",}\n```")]
    [InlineData("\"{\\\"path\\\": \\\"a.txt\\\", \\\"content\\\": \\\"one\\\\ntwo\\\\n\\\"}\"")]
    public async Task Small_slips_in_the_arguments_are_mended(string arguments)
    {
        var result = await _tools.Value.RunAsync(new("1", "write_file", arguments), Cancel);

        Assert.False(result.Error, result.Text);
        Assert.Equal("one\ntwo\n", await File.ReadAllTextAsync(_folder["work", "a.txt"], Cancel));
    }

    public void Dispose()
    {
        if (_tools.IsValueCreated)
            _tools.Value.Dispose();
        _folder.Dispose();
    }

    private Task<ToolResult> CallAsync(string tool, JsonObject arguments) =>
        _tools.Value.RunAsync(new ToolCall("1", tool, arguments.ToJsonString()), Cancel);

    private async Task PutAsync(string path, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder["work", path])!);
        await File.WriteAllBytesAsync(_folder["work", path], bytes, Cancel);
    }

    /// <summary>A second passes whenever somebody looks.</summary>
    private sealed class RacingClock : TimeProvider
    {
        private long _seconds;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => ++_seconds;
    }

    /// <summary>No tool of these tests runs a command.</summary>
    private sealed class NoSandbox : ISandbox
    {
        public Task ProbeAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public string PathInside(string path) => path;

        public Task<CommandOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
