using AiCoder.Core.Activities;
using AiCoder.Core.Tasks;
using AiCoder.Core.Tests.Sandbox;
using AiCoder.Core.Workspaces;

namespace AiCoder.Core.Tests.Validation;

public sealed class ValidatorTests
{
    private const string TwoTests =
        """
        import unittest
        import calc
        class T(unittest.TestCase):
            def test_good(self):
                self.assertEqual(calc.good(), 1)
            def test_bad(self):
                self.assertEqual(calc.bad(), 1)
        """;

    [Fact]
    public async Task A_repository_without_tests_is_not_run_and_says_so()
    {
        using var repository = new ValidationFixture(("README.md", "hello\n"));
        var results = await repository.ChangesAsync(null, repository.Write("README.md", "hello again\n"));

        Assert.Equal(Verdict.NotRun, results.Verdict);
        Assert.Contains("No tests found", results.Reason, StringComparison.Ordinal);
        Assert.Empty(results.Commands);
    }

    [Fact]
    public async Task The_placeholder_of_npm_is_no_test()
    {
        using var repository = new ValidationFixture(
            ("package.json", """{"name": "a", "scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"""));
        var results = await repository.BaselineAsync();

        Assert.Equal(Verdict.NotRun, results.Verdict);
        Assert.Contains("no test specified", results.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_runner_that_finds_no_test_has_tested_nothing()
    {
        ValidationFixture.SkipWithout("python3");
        using var repository = new ValidationFixture(("test_empty.py", "import unittest\n"));
        var results = await repository.BaselineAsync();

        Assert.Equal((Verdict.NotRun, "no tests found"), (results.Verdict, Assert.Single(results.Commands).Reason));
    }

    [Fact]
    public async Task Tests_that_were_deleted_are_not_passed_over()
    {
        using var repository = new ValidationFixture(("test.sh", "exit 0\n"), ("Makefile", "test:\n\tsh test.sh\n"));
        ValidationFixture.SkipWithout("make");
        var baseline = await repository.BaselineAsync();
        Assert.Equal(Verdict.Passed, baseline.Verdict);
        File.Delete(Path.Combine(repository.Root, "Makefile"));
        File.Delete(Path.Combine(repository.Root, "test.sh"));

        var results = await repository.ChangesAsync(baseline, new Change(ChangeKind.Deleted, "Makefile"), new Change(ChangeKind.Deleted, "test.sh"));

        Assert.Equal(Verdict.Failed, results.Verdict);
        Assert.StartsWith("No tests are found any more, although the untouched clone had some: `", results.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_red_before_fails_nobody()
    {
        ValidationFixture.SkipWithout("python3");
        using var repository = new ValidationFixture(("calc.py", "def good(): return 1\ndef bad(): return 0\n"), ("test_calc.py", TwoTests));
        var baseline = await repository.BaselineAsync();
        Assert.Equal(Verdict.Failed, baseline.Verdict);

        var results = await repository.ChangesAsync(baseline, repository.Write("calc.py", "# changed\ndef good(): return 1\ndef bad(): return 0\n"));
        Assert.Equal(Verdict.Passed, results.Verdict);
        Assert.True(results.Commands[^1].PreExisting);
        Assert.Contains("untouched clone", results.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_test_that_newly_fails_in_a_command_that_was_red_fails_the_changes()
    {
        ValidationFixture.SkipWithout("python3");
        using var repository = new ValidationFixture(("calc.py", "def good(): return 1\ndef bad(): return 0\n"), ("test_calc.py", TwoTests));
        var baseline = await repository.BaselineAsync();

        var results = await repository.ChangesAsync(baseline, repository.Write("calc.py", "def good(): return 2\ndef bad(): return 0\n"));
        Assert.Equal(Verdict.Failed, results.Verdict);
        Assert.Contains("newly failing: test_good", results.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("newly failing: test_bad", results.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Code_that_no_longer_loads_fails_even_where_tests_were_red_before()
    {
        ValidationFixture.SkipWithout("python3");
        using var repository = new ValidationFixture(("calc.py", "def good(): return 1\ndef bad(): return 0\n"), ("test_calc.py", TwoTests));
        var baseline = await repository.BaselineAsync();

        var results = await repository.ChangesAsync(baseline, repository.Write("calc.py", "import nothing_like_this\n"));
        Assert.Equal(Verdict.Failed, results.Verdict);
    }

    [Fact]
    public async Task A_package_that_is_not_installed_is_no_error_of_the_changes()
    {
        ValidationFixture.SkipWithout("python3");
        using var repository = new ValidationFixture(
            ("test_a.py", "import unittest\nimport not_installed_anywhere\nclass T(unittest.TestCase):\n    def test_a(self):\n        pass\n"));
        var results = await repository.ChangesAsync(await repository.BaselineAsync());

        Assert.Equal(Verdict.NotRun, results.Verdict);
        Assert.Contains("dependencies missing: not_installed_anywhere", results.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_module_of_the_repository_that_is_gone_is_an_error_of_the_changes()
    {
        ValidationFixture.SkipWithout("python3");
        using var repository = new ValidationFixture(("calc.py", "def good(): return 1\ndef bad(): return 1\n"), ("test_calc.py", TwoTests));
        File.Delete(Path.Combine(repository.Root, "calc.py"));
        var results = await repository.ChangesAsync(null, new Change(ChangeKind.Deleted, "calc.py"));

        Assert.Equal(Verdict.Failed, results.Verdict);
    }

    [Fact]
    public async Task A_node_package_that_is_not_installed_is_missing_and_a_file_that_is_gone_is_an_error()
    {
        ValidationFixture.SkipWithout("npm");
        const string Manifest = """{"name": "a", "type": "module", "scripts": {"test": "node --test"}, "dependencies": {"left-pad": "1"}}""";
        using var repository = new ValidationFixture(("package.json", Manifest), ("a.test.js", "import 'left-pad';\n"));
        var missing = await repository.BaselineAsync();
        Assert.Equal(Verdict.NotRun, missing.Verdict);
        Assert.Contains("dependencies missing: left-pad", missing.Reason, StringComparison.Ordinal);

        var own = await repository.ChangesAsync(missing, repository.Write("a.test.js", "import './gone.js';\n"));
        Assert.Equal(Verdict.Failed, own.Verdict);
    }

    [Fact]
    public async Task A_test_that_hangs_is_ended_and_fails()
    {
        using var repository = new ValidationFixture(("test.sh", "sleep 3600\n")) { Options = new() { TimeoutSeconds = 1 } };
        var results = await repository.ChangesAsync(null);

        Assert.Equal(Verdict.Failed, results.Verdict);
        Assert.Contains("longer than 1 s", results.Reason, StringComparison.Ordinal);
        Assert.Null(results.Commands[^1].ExitCode);
    }

    [Fact]
    public async Task The_callers_commands_take_the_place_of_the_detected_ones()
    {
        using var repository = new ValidationFixture(("test.sh", "exit 1\n"))
        {
            Options = new() { Prepare = ["echo ready > ready"], Commands = ["test -f ready", "echo 你好; exit 4"] },
        };
        var results = await repository.ChangesAsync(null);

        Assert.Equal(["echo ready > ready", "test -f ready", "echo 你好; exit 4"], results.Commands.Select(report => report.Command));
        Assert.Equal([Verdict.Passed, Verdict.Passed, Verdict.Failed], results.Commands.Select(report => report.Verdict));
        Assert.Equal((4, "你好\n"), (results.Commands[2].ExitCode, results.Commands[2].Output));
    }

    [Fact]
    public async Task Preparation_runs_once_and_again_when_a_manifest_changed()
    {
        using var repository = new ValidationFixture(("package.json", "{}")) { Options = new() { Prepare = ["echo x >> count"], Commands = ["true"] } };
        await repository.BaselineAsync();
        var results = await repository.ChangesAsync(null);
        Assert.Equal("x\n", await File.ReadAllTextAsync(Path.Combine(repository.Root, "count"), TestContext.Current.CancellationToken));
        Assert.Equal(CommandPurpose.Prepare, results.Commands[0].Purpose);

        await repository.ChangesAsync(null, repository.Write("package.json", """{"dependencies": {}}"""));
        Assert.Equal("x\nx\n", await File.ReadAllTextAsync(Path.Combine(repository.Root, "count"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_baseline_that_is_not_wanted_only_prepares()
    {
        using var repository = new ValidationFixture(("test.sh", "echo ran > ran\n")) { Options = new() { Baseline = false, Prepare = ["echo x > prepared"] } };
        var results = await repository.BaselineAsync();

        Assert.Equal(Verdict.NotRun, results.Verdict);
        Assert.True(File.Exists(Path.Combine(repository.Root, "prepared")));
        Assert.False(File.Exists(Path.Combine(repository.Root, "ran")));
    }

    [Fact]
    public async Task Reports_stay_small_and_hold_no_secret()
    {
        using var repository = new ValidationFixture(("test.sh", $"echo {SandboxFixture.Secret}; seq 1 200000; exit 1\n"));
        var report = (await repository.ChangesAsync(null)).Commands[^1];

        Assert.InRange(report.Output.Length, 1_000, 6_200);
        Assert.DoesNotContain(SandboxFixture.Secret, report.Output, StringComparison.Ordinal);
        Assert.Contains("200000", report.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelling_kills_what_runs()
    {
        var mark = SandboxFixture.Mark();
        using var repository = new ValidationFixture(("test.sh", $"setsid sleep {mark} & sleep {mark}\n"));
        using var cancel = new CancellationTokenSource();
        var run = repository.RunAsync(
            ValidationPurpose.Changes,
            null,
            [],
            null,
            cancel.Token);
        while (!SandboxFixture.IsRunning(mark) && !run.IsCompleted)
            await Task.Delay(20, TestContext.Current.CancellationToken);
        await cancel.CancelAsync();

        // The command itself would go on for an hour.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        Assert.False(SandboxFixture.IsRunning(mark));
    }

    [Theory]
    [InlineData("a.py", "def f(:\n", "python3")]
    [InlineData("a.js", "function {\n", "node")]
    [InlineData("module.js", "import fs from 'fs';\nexport const a = [1;\n", "node")]
    [InlineData("tokenize.py", "def f(:\n", "python3")]
    [InlineData("pyproject.toml", "[project\n", "python3")]
    [InlineData("a.sh", "if true; then\n", "bash")]
    [InlineData("a.json", "{\"a\": }", null)]
    [InlineData("a.yaml", "a: [1, 2\nb: }\n", null)]
    [InlineData("b.yml", "a:\n\t- b\n", null)]
    [InlineData("a.xml", "<a><b></a>", null)]
    public async Task Syntax_errors_in_changed_files_fail(string path, string content, string? program)
    {
        if (program is not null)
            ValidationFixture.SkipWithout(program);
        using var repository = new ValidationFixture(("README.md", ""));
        var results = await repository.ChangesAsync(null, repository.Write(path, content));

        Assert.Equal(Verdict.Failed, results.Verdict);
        var report = Assert.Single(results.Commands);
        Assert.Equal((CommandPurpose.Syntax, "syntax errors"), (report.Purpose, report.Reason));
        Assert.Contains(path, report.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{")]
    [InlineData("{a: ")]
    public async Task A_file_of_nothing_but_open_brackets_is_not_judged_and_holds_nobody_up(string piece)
    {
        using var repository = new ValidationFixture(("README.md", ""));
        var content = string.Concat(Enumerable.Repeat(piece, 2_000_000 / piece.Length));

        var results = await repository.ChangesAsync(null, repository.Write("a.yaml", content)).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);

        Assert.Equal(Verdict.NotRun, results.Verdict);
    }

    [Theory]
    [InlineData("a.py", "# -*- coding: utf-8 -*-\nprint('你好')\n")]
    [InlineData("module.js", "import fs from 'fs';\nexport default fs;\n")]
    [InlineData("App.js", "import React from 'react';\nexport default () => <div>hi</div>;\n")]
    [InlineData("common.js", "const fs = require('fs');\nmodule.exports = fs;\n")]
    [InlineData("tsconfig.json", "{ // a comment\n \"a\": [1,], }")]
    [InlineData("chart/templates/a.yaml", "{{ if .Values.a }}\na: {{ .b }}\n{{ end }}\n")]
    [InlineData("a.yml", "a: !custom 1\n---\nb: &x 2\nc: *x\n")]
    [InlineData("test/fixtures/broken.json", "{")]
    [InlineData("test/fixtures/broken.py", "def f(:\n")]
    [InlineData("run.sh", "#!/bin/zsh\necho ${(U)name}; for f (*) { echo $f }\n")]
    [InlineData("-n.sh", "echo hi\n")]
    [InlineData("文件 with space.py", "x = 1\n")]
    public async Task What_is_right_in_some_reading_is_no_syntax_error(string path, string content)
    {
        using var repository = new ValidationFixture(("README.md", ""));
        var results = await repository.ChangesAsync(null, repository.Write(path, content));

        Assert.True(results.Verdict == Verdict.NotRun, string.Join('\n', results.Commands.Select(report => report.Output)));
    }
}
