using System.Runtime.Versioning;
using System.Text;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Tests.Validation;
using AiCoder.Core.Validation;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Tools;

[SupportedOSPlatform("linux")]
public sealed class SyntaxGateTests
{
    /// <summary>Path, program (empty: parsed in this process), a file that parses, what in it becomes what, the line the parser names.</summary>
    public static TheoryData<string, string, string, string, string, int> Breaks => new()
    {
        { "src/calc.py", "python3", "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n", "def sub(a, b):", "def sub(a, b:", 5 },
        { "tokenize.py", "python3", "x = 1\n", "x = 1", "x = (1", 1 },
        { "文档/计算 器.py", "python3", "甲 = 1\n", "甲 = 1", "甲 = = 1", 1 },
        { "pyproject.toml", "python3", "[project]\nname = \"a\"\n", "\"a\"", "\"a", 2 },
        { "run.sh", "bash", "if true; then\n  echo hi\nfi\n", "then", "", 3 },
        { "-x.sh", "bash", "echo 'a'\n", "'a'", "'a", 1 },
        { "app.js", "node", "const a = 1;\nfunction f() { return a; }\n", "{ return", "( return", 2 },
        { "mod.mjs", "node", "import fs from 'fs';\nexport default fs;\n", "default fs", "default", 2 },
        { "module.js", "node", "import fs from 'fs';\nexport const a = [1];\n", "[1]", "[1", 2 },
        { "index.php", "php", "<?php\necho 1;\n", "echo 1;", "echo (1;", 2 },
        { "a.rb", "ruby", "def f\n  1\nend\n", "  1\n", "  1 1\n", 2 },
        { "main.go", "gofmt", "package main\n\nfunc main() {\n}\n", "main() {", "main( {", 3 },
        { "package.json", "", "{\n  \"a\": 1,\n  \"b\": 2\n}\n", "1,", "1", 3 },
        { "deploy.yaml", "", "a:\n  b: [1, 2]\n", "2]", "2", 3 },
        { "App.csproj", "", "<Project>\n  <PropertyGroup>\n  </PropertyGroup>\n</Project>\n", "  </PropertyGroup>\n", "", 3 },
    };

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task An_edit_that_breaks_a_file_is_refused_and_shown(string path, string program, string good, string oldText, string newText, int line)
    {
        SkipWithout(program);
        using var tools = new ToolFixture();
        tools.Put(path, good);
        File.SetUnixFileMode(tools[path], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var before = tools.Fingerprint();

        var result = await tools.EditAsync(path, oldText, newText);
        var again = await tools.EditAsync(path, oldText, newText);

        Assert.True(result.Error, result.Text);
        Assert.Equal(result.Text, again.Text);
        Assert.Equal(before, tools.Fingerprint());
        Assert.Empty(result.Changed);
        Assert.StartsWith($"Refused: {path} would not parse, so nothing was written; the file is as it was.", result.Text, StringComparison.Ordinal);
        var shown = result.Text.Split('\n').Single(text => text.StartsWith('>'));
        var attempted = good.Replace(oldText, newText, StringComparison.Ordinal).Split('\n');
        Assert.Equal($">{line}\t{attempted[Math.Min(line, attempted.Length) - 1]}", shown);
        Assert.EndsWith("quote in old_text all of the statement or block that changes.", result.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("aicoder-syntax", result.Text, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(tools.Home));
        Assert.True(result.Text.Length < 3_000);
    }

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task A_new_file_or_a_rewrite_that_would_not_parse_is_refused_and_the_right_one_is_written(string path, string program, string good, string oldText, string newText, int line)
    {
        SkipWithout(program);
        using var tools = new ToolFixture();
        var bad = good.Replace(oldText, newText, StringComparison.Ordinal);

        var fresh = await tools.WriteAsync(path, bad);

        Assert.True(fresh.Error, fresh.Text);
        Assert.Contains("there is still no such file", fresh.Text, StringComparison.Ordinal);
        Assert.Contains($"\n>{line}\t", fresh.Text, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(tools.Root));

        Assert.False((await tools.WriteAsync(path, good)).Error);
        Assert.True((await tools.WriteAsync(path, bad)).Error);
        Assert.Equal(good, tools.Text(path));

        Assert.False((await tools.CallAsync("delete_file", new() { ["path"] = path })).Error);
        Assert.False(File.Exists(tools[path]));
    }

    [Theory]
    [MemberData(nameof(Breaks))]
    public async Task A_file_that_was_broken_before_can_be_edited_and_mended(string path, string program, string good, string oldText, string newText, int line)
    {
        SkipWithout(program);
        using var tools = new ToolFixture();
        var bad = good.Replace(oldText, newText, StringComparison.Ordinal);
        tools.Put(path, bad);
        var broken = $"{bad}\n\n";

        var still = await tools.WriteAsync(path, broken);
        Assert.False(still.Error, still.Text);
        Assert.Contains("could not be parsed before, and still can't be", still.Text, StringComparison.Ordinal);
        Assert.Equal(broken, tools.Text(path));
        Assert.True(line > 0);

        var mended = await tools.WriteAsync(path, good);
        Assert.False(mended.Error, mended.Text);
        Assert.DoesNotContain("parsed", mended.Text, StringComparison.Ordinal);
        Assert.Equal(good, tools.Text(path));
    }

    [Theory]
    [InlineData("tests/fixtures/bad.py", "def f(:\n")]
    [InlineData("templates/page.json", "{ {{ x }} ")]
    [InlineData("{{cookiecutter.name}}/setup.py", "import {{ cookiecutter.name }}\n")]
    [InlineData("chart/values.yaml", "{{ if .a }}\nb: {{ .c }}\n{{ end }}\n")]
    [InlineData("App.js", "export default () => <div>hi</div>;\n")]
    [InlineData("flow.js", "// @flow\nfunction f(a: number) { return a; }\n")]
    [InlineData("dec.js", "import { a } from './a.js';\n@a class B {}\n")]
    [InlineData("dirname.js", "import { fileURLToPath } from 'url';\nconst __filename = fileURLToPath(import.meta.url);\nexport default __filename;\n")]
    [InlineData("common.js", "if (1) return;\nmodule.exports = require('fs');\n")]
    [InlineData("prompt.sh", "#!/bin/zsh\necho ${(U)name}; for f (*) { echo $f }\n")]
    [InlineData("tsconfig.json", "{ // why\n  \"a\": [1,],\n}\n")]
    [InlineData("notes.txt", "def f(:\n")]
    [InlineData("Makefile", "a:\n\techo (\n")]
    [InlineData("deep.py", "x = 1\n", 3_000)]
    [InlineData("empty.json", "")]
    public async Task What_is_right_in_some_reading_is_written(string path, string content, int nesting = 0)
    {
        using var tools = new ToolFixture();
        if (nesting > 0)
            content += "y = " + new string('-', nesting) + "1\n";

        var result = await tools.WriteAsync(path, content);

        Assert.False(result.Error, result.Text);
        Assert.DoesNotContain("parsed", result.Text, StringComparison.Ordinal);
        Assert.Equal(content, tools.Text(path));
    }

    [Fact]
    public async Task The_encoding_that_a_python_file_declares_is_obeyed()
    {
        ValidationFixture.SkipWithout("python3");
        using var tools = new ToolFixture();
        var gbk = Encoding.GetEncoding("gb18030");
        tools.Put("a.py", gbk.GetBytes("# -*- coding: gbk -*-\r\n名称 = '旧的名称'\r\n"));

        var result = await tools.EditAsync("a.py", "'旧的名称'", "'新的名称'");
        var refused = await tools.EditAsync("a.py", "'新的名称'", "'新的名称");

        Assert.False(result.Error, result.Text);
        Assert.DoesNotContain("parsed", result.Text, StringComparison.Ordinal);
        Assert.True(refused.Error);
        Assert.Contains(">2\t名称 = '新的名称", refused.Text, StringComparison.Ordinal);
        Assert.Equal(gbk.GetBytes("# -*- coding: gbk -*-\r\n名称 = '新的名称'\r\n"), tools.Bytes("a.py"));
    }

    [Fact]
    public async Task A_hostile_file_is_parsed_and_never_run_and_the_repository_configures_no_parser()
    {
        ValidationFixture.SkipWithout("python3");
        using var tools = new ToolFixture();
        tools.Put("tokenize.py", "raise SystemExit(0)\n").Put("sitecustomize.py", "raise SystemExit(0)\n").Put(".pyenv", "x");

        var good = await tools.WriteAsync("run.py", "open('/work/ran', 'w').close()\nopen('ran', 'w').close()\n");
        var bad = await tools.WriteAsync("tokenize.py", "raise SystemExit(0\n");

        Assert.False(good.Error, good.Text);
        Assert.True(bad.Error, bad.Text);
        Assert.Equal([".pyenv", "run.py", "sitecustomize.py", "tokenize.py"], Directory.EnumerateFileSystemEntries(tools.Root).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_right_edit_costs_one_process_and_a_data_file_none()
    {
        var shown = new List<string>();
        var counting = new Counting(command =>
        {
            shown.AddRange(Directory.EnumerateFiles(command.Home!, "*", SearchOption.AllDirectories).Select(File.ReadAllText));
            return new(0, "", TimeSpan.Zero, CommandEnding.Exited);
        });
        using var tools = new ToolFixture(sandbox: counting);
        tools.Put("a.py", "x = 1\n").Put("a.json", "{}\n").Put("a.txt", "x\n");

        await tools.EditAsync("a.py", "1", "2");
        await tools.EditAsync("a.json", "{}", "[]");
        await tools.EditAsync("a.txt", "x", "y");

        var command = Assert.Single(counting.Commands);
        Assert.Equal((SandboxPurpose.Syntax, false, TimeSpan.FromSeconds(10)), (command.Purpose, command.Network, command.Timeout));
        Assert.Equal((tools.Root, tools.Home, true), (command.WorkTree, command.Home, command.WritesNothing));
        Assert.Equal(["x = 2\n"], shown);
        Assert.Empty(Directory.EnumerateFileSystemEntries(tools.Home));
    }

    public static TheoryData<string> Troubles => ["missing", "timed out", "out of memory", "no sandbox", "no disk", "toolchain", "itself"];

    [Theory]
    [MemberData(nameof(Troubles))]
    public async Task A_checker_that_can_t_check_stops_no_edit_and_is_not_asked_again(string trouble)
    {
        var counting = new Counting(_ => trouble switch
        {
            "missing" => new(127, "", TimeSpan.Zero, CommandEnding.Exited),
            "timed out" => new(null, "./a.py:1: SyntaxError", TimeSpan.Zero, CommandEnding.TimedOut),
            "out of memory" => new(null, "./a.py", TimeSpan.Zero, CommandEnding.OutOfMemory),
            "no sandbox" => throw new FailureException(FailureCodes.SandboxUnavailable, "bubblewrap is not installed"),
            "no disk" => throw new IOException("No space left on device"),
            "toolchain" => new(1, "pyenv: version `3.9.9' is not installed (set by ./a.py)", TimeSpan.Zero, CommandEnding.Exited),
            _ => new(1, "Fatal Python error: init_fs_encoding", TimeSpan.Zero, CommandEnding.Exited),
        });
        using var tools = new ToolFixture(sandbox: counting);
        tools.Put("a.py", "x = 1\n");

        var first = await tools.EditAsync("a.py", "x = 1", "x = (1");
        var second = await tools.WriteAsync("b.py", "x = (1\n");

        Assert.False(first.Error, first.Text);
        Assert.False(second.Error, second.Text);
        Assert.Equal("Edited a.py at line 1.", first.Text);
        Assert.Equal("x = (1\n", tools.Text("a.py"));
        Assert.Single(counting.Commands);
    }

    [Fact]
    public async Task A_check_that_was_lost_with_its_pod_stops_no_edit_and_the_next_edit_is_checked()
    {
        var lost = true;
        var counting = new Counting(_ => lost
            ? throw new FailureException(FailureCodes.Reset, "A command in the sandbox was lost in the middle.")
            : new(1, "./b.py:1: SyntaxError: invalid syntax", TimeSpan.Zero, CommandEnding.Exited));
        using var tools = new ToolFixture(sandbox: counting);

        var unlooked = await tools.WriteAsync("a.py", "x = (1\n");
        lost = false;
        var refused = await tools.WriteAsync("b.py", "x = (1\n");

        Assert.Equal("Created a.py (1 lines).", unlooked.Text);
        Assert.True(refused.Error, refused.Text);
    }

    [Fact]
    public async Task An_edit_is_not_refused_where_it_can_t_be_told_whether_the_file_was_broken_before()
    {
        var checks = 0;
        var counting = new Counting(_ => checks++ == 0
            ? new(1, "./a.py:1: SyntaxError: invalid syntax", TimeSpan.Zero, CommandEnding.Exited)
            : throw new FailureException(FailureCodes.Reset, "A command in the sandbox was lost in the middle."));
        using var tools = new ToolFixture(sandbox: counting);
        tools.Put("a.py", "x = (1\n");

        var result = await tools.EditAsync("a.py", "1", "2");

        Assert.Equal((false, 2), (result.Error, checks));
        Assert.Equal("x = (2\n", tools.Text("a.py"));
    }

    [Theory]
    [InlineData(SandboxKind.None)]
    [InlineData(SandboxKind.Bubblewrap)]
    public async Task Nothing_that_a_command_left_in_the_home_is_run_or_obeyed(SandboxKind kind)
    {
        using var tools = new ToolFixture(kind);
        var programs = Directory.CreateDirectory(Path.Combine(tools.Home, ".local", "bin")).FullName;
        foreach (var program in new[] { "python3", "node", "bash", "sh", "php", "ruby", "gofmt", "cp", "mkdir", "head", "grep", "env" })
        {
            var planted = Path.Combine(programs, program);
            await File.WriteAllTextAsync(planted, "#!/bin/sh\n: > \"${0%/*}/ran\"\nexit 0\n", TestContext.Current.CancellationToken);
            File.SetUnixFileMode(planted, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        await File.WriteAllTextAsync(Path.Combine(tools.Home, ".python-version"), "9.9.9\n", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(tools.Home, ".ruby-version"), "9.9.9\n", TestContext.Current.CancellationToken);
        var before = Directory.EnumerateFileSystemEntries(tools.Home, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();

        foreach (var row in Breaks)
        {
            var (path, program, good, oldText, newText, line) = row.Data;
            if (program.Length > 0 && ProgramPath.Find(program, new Dictionary<string, string>()) is null)
                continue;
            var refused = await tools.WriteAsync(path, good.Replace(oldText, newText, StringComparison.Ordinal));
            Assert.True(refused.Error, $"{path}: {refused.Text}");
            Assert.Contains($"\n>{line}\t", refused.Text, StringComparison.Ordinal);
            Assert.Contains(program.Length > 0 ? path : "", refused.Text.Split('\n')[1], StringComparison.Ordinal);
            Assert.DoesNotContain("aicoder-", refused.Text, StringComparison.Ordinal);
            Assert.False((await tools.WriteAsync(path, good)).Error);
        }

        Assert.Equal(before, Directory.EnumerateFileSystemEntries(tools.Home, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Where_a_command_made_the_home_a_link_nothing_is_written_there_and_nothing_is_checked()
    {
        var counting = new Counting(_ => new(1, "./a.py:1: SyntaxError", TimeSpan.Zero, CommandEnding.Exited));
        using var tools = new ToolFixture(sandbox: counting);
        using var elsewhere = new TemporaryFolder();
        Directory.Delete(tools.Home);
        File.CreateSymbolicLink(tools.Home, elsewhere.Root);

        var result = await tools.WriteAsync("a.py", "x = (1\n");

        Assert.False(result.Error, result.Text);
        Assert.Empty(counting.Commands);
    }

    [Theory]
    [InlineData(SandboxKind.None)]
    [InlineData(SandboxKind.Bubblewrap)]
    public async Task A_program_that_is_not_there_is_no_error_of_the_file(SandboxKind kind)
    {
        ValidationFixture.SkipWith("php");
        using var tools = new ToolFixture(kind);

        var result = await tools.WriteAsync("a.php", "<?php echo (1;\n");

        Assert.Equal("Created a.php (1 lines).", result.Text);
    }

    [Fact]
    public async Task A_slip_is_shown_in_the_lines_around_it_and_long_lines_are_cut()
    {
        using var tools = new ToolFixture();
        var lines = Enumerable.Range(1, 40).Select(number => $"  \"key{number}\": \"{new string('x', number == 21 ? 5_000 : 3)}\",");
        var good = "{\n" + string.Join('\n', lines) + "\n  \"end\": 0\n}\n";
        tools.Put("a.json", good);

        var result = await tools.EditAsync("a.json", "  \"key20\": \"xxx\",", "  \"key20\": \"xxx\"");

        Assert.True(result.Error);
        Assert.Contains("\n>22\t  \"key21\": \"xxx", result.Text, StringComparison.Ordinal);
        Assert.Contains("\n 17\t  \"key16\"", result.Text, StringComparison.Ordinal);
        Assert.Contains("\n 27\t  \"key26\"", result.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("key27", result.Text, StringComparison.Ordinal);
        Assert.True(result.Text.Length < 1_500, result.Text);
    }

    private static void SkipWithout(string program)
    {
        if (program.Length > 0)
            ValidationFixture.SkipWithout(program);
    }

    /// <summary>Answers by itself, to see what is asked and what is made of strange ends.</summary>
    private sealed class Counting(Func<SandboxCommand, CommandOutcome> answer) : ISandbox
    {
        public List<SandboxCommand> Commands { get; } = [];

        public string PathInside(string path) => path;

        public Task ProbeAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task<CommandOutcome> RunAsync(SandboxCommand command, CancellationToken cancellationToken)
        {
            Commands.Add(command);
            return Task.FromResult(answer(command));
        }
    }
}
