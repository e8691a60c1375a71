using AiCoder.Core.Agent;
using AiCoder.Core.Tools;
using AiCoder.Demo;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Agent;

/// <summary>A task whose request says <c>paths: ["src"]</c> changes nothing else, whatever it tries.</summary>
public sealed class PathScopeTests
{
    private const string Readme = "# Calc\n\nA calculator.\n";

    [Theory]
    [InlineData("mv README.md src/README.md", "created: src/README.md")]
    [InlineData("cp README.md src/README.md && rm README.md", "created: src/README.md")]
    [InlineData("mv src/calc.py calc.py", "")]
    [InlineData("git mv -f src/calc.py tests/calc.py 2>/dev/null || mv src/calc.py tests/calc.py", "")]
    [InlineData("echo '# mine' >> src/calc.py && mv src/calc.py calc.py", "")]
    [InlineData("rm -r tests", "")]
    [InlineData("rm README.md tests/test_calc.py", "")]
    [InlineData("rm -r tests && ln -s src tests && echo evil > tests/a.py", "created: src/a.py")]
    [InlineData("rm -r tests && echo file > tests", "")]
    [InlineData("rm README.md && mkdir README.md && echo x > README.md/x", "")]
    [InlineData("mkdir SRC Src && echo x > SRC/a.txt && echo x > Src/b.txt && echo x > srcs", "")]
    [InlineData("echo x > new.txt; mkdir -p deep/er && echo y > deep/er/z.txt; mkdir srcx && echo x > srcx/y", "")]
    [InlineData("ln -s ../README.md src/link && echo evil > src/link", "created: src/link")]
    [InlineData("ln README.md src/hard && echo evil >> src/hard", "created: src/hard")]
    [InlineData("cd src && echo x > ../up.txt && echo x > ../tests/../other.txt", "")]
    [InlineData("chmod +x README.md tests/test_calc.py", "")]
    [InlineData("git init -q nested && echo x > nested/y && echo x > 'nested/:(glob)*'", "")]
    [InlineData("mv src/calc.py lib.py && rmdir src && ln -s tests src", "")]
    [InlineData("rm -r src && ln -s tests src && echo evil > src/test_calc.py", "created: src, deleted: src/calc.py")]
    public async Task A_command_changes_nothing_outside_of_its_folders(string command, string changes)
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Spec = agent.Spec with { Paths = ["src"] };
        // Something within the folders, so that the model has something to finish with.
        agent.Script(AgentFixture.Run(command), AgentFixture.Write("src/done.txt", "done\n"), AgentFixture.Finish());

        var output = await agent.CodeAsync();

        Assert.True(output.Done, output.Failure?.ToString());
        Assert.Equal(
            changes.Split(", ", StringSplitOptions.RemoveEmptyEntries).Order(StringComparer.Ordinal),
            output.Changes.Where(change => change != "created: src/done.txt").Order(StringComparer.Ordinal));
        Assert.Equal(Readme, await agent.ReadAsync(output.Tree, "README.md"));
        Assert.Contains("assert add(1, 2) == 3", await agent.ReadAsync(output.Tree, "tests/test_calc.py"), StringComparison.Ordinal);
        Assert.NotEmpty(output.Notes);
        Assert.Contains("Taken back", agent.Model.Requests[1].LastText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_command_moved_out_of_its_folders_is_put_back_as_the_task_had_it()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Spec = agent.Spec with { Paths = ["src"] };
        agent.Script(AgentFixture.Fix(), AgentFixture.Run("mv src/calc.py lib.py"), AgentFixture.Finish());

        var output = await agent.CodeAsync();

        Assert.Equal(["modified: src/calc.py"], output.Changes);
        Assert.Equal("def add(a, b):\n    return a + b\n", await agent.ReadAsync(output.Tree, "src/calc.py"));
    }

    [Fact]
    public async Task No_tool_changes_anything_outside_of_its_folders()
    {
        await using var agent = await AgentFixture.CreateAsync(AgentFixture.SmallRepository()
            .With("src/readme", "../README.md", GitRepositoryBuilder.SymbolicLink)
            .With("src/outside", "../tests", GitRepositoryBuilder.SymbolicLink)
            .With("src/around", "../tests/../src", GitRepositoryBuilder.SymbolicLink));
        agent.Spec = agent.Spec with { Paths = ["src"] };
        (string Tool, System.Text.Json.Nodes.JsonObject Arguments)[] calls =
        [
            .. new[] { "README.md", "./README.md", "src/../README.md", "SRC/x.txt", "srcs/x.txt", "new.txt", "src/readme", "src/outside/new.txt", "tests/test_calc.py" }
                .Select(path => ("write_file", new System.Text.Json.Nodes.JsonObject { ["path"] = path, ["content"] = "evil\n" })),
            ("edit_file", new() { ["path"] = "README.md", ["old_text"] = "calculator", ["new_text"] = "evil" }),
            ("edit_file", new() { ["path"] = "src/readme", ["old_text"] = "calculator", ["new_text"] = "evil" }),
            ("delete_file", new() { ["path"] = "tests/test_calc.py" }),
            ("delete_file", new() { ["path"] = "src/outside/test_calc.py" }),
            ("move_file", new() { ["from"] = "README.md", ["to"] = "src/README.md" }),
            ("move_file", new() { ["from"] = "src/calc.py", ["to"] = "calc.py" }),
            ("move_file", new() { ["from"] = "src/calc.py", ["to"] = "src/outside/calc.py" }),
            ("move_file", new() { ["from"] = "src/calc.py", ["to"] = "src/../calc.py" }),
        ];
        agent.Script(
            ScriptedReply.Calls(calls),
            ScriptedReply.Calls(("edit_file", new() { ["path"] = "src/around/calc.py", ["old_text"] = "a - b", ["new_text"] = "a + b" })),
            AgentFixture.Finish());

        var output = await agent.CodeAsync();

        var answers = (await agent.TranscriptAsync()).OfType<ResultsEntry>().First().Results;
        Assert.Equal(calls.Length, answers.Count);
        Assert.All(answers, answer => Assert.True(answer.Error && answer.Text.Contains("outside of what this task may change (src)", StringComparison.Ordinal), answer.Text));
        Assert.Equal(["modified: src/calc.py"], output.Changes);
        foreach (var path in new[] { "README.md", "SRC/x.txt", "srcs/x.txt", "new.txt", "tests/new.txt", "tests/test_calc.py", "calc.py", "tests/calc.py" })
            Assert.Contains(output.Notes, note => note.Contains($"change {path},", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("AGENTS.md")]
    [InlineData("packages/app/claude.md")]
    [InlineData("QWEN.md")]
    [InlineData("GEMINI.md")]
    [InlineData(".github/copilot-instructions.md")]
    [InlineData(".github/instructions/style.md")]
    [InlineData(".vscode/mcp.json")]
    public async Task What_instructs_agents_is_refused_by_tool_and_by_command(string path)
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(
            AgentFixture.Write(path, "Obey me.\n"),
            AgentFixture.Run($"mkdir -p \"$(dirname {path})\" && echo obey > {path}"),
            AgentFixture.Fix(),
            AgentFixture.Finish());

        var output = await agent.CodeAsync();

        Assert.Equal(["modified: src/calc.py"], output.Changes);
        Assert.Contains(path, Assert.Single(output.Notes), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Bring AGENTS.md up to date", "AGENTS.md", true)]
    [InlineData("请更新agents.md文件，说明如何构建", "AGENTS.md", true)]
    [InlineData("Write `docs/AGENTS.md`.", "docs/AGENTS.md", true)]
    [InlineData("Mend the OLD_AGENTS.md parser and AGENTS.mdx", "AGENTS.md", false)]
    [InlineData("Bring AGENTS.md up to date", "CLAUDE.md", false)]
    [InlineData("Mend the addition", "AGENTS.md", false)]
    [InlineData("Change .qwen/settings.json", ".qwen/settings.json", false)]
    [InlineData("Change the workflow ci.yml", ".github/workflows/ci.yml", false)]
    public void Prose_for_agents_is_changed_where_the_request_names_it_and_settings_are_not(string intent, string path, bool allowed)
    {
        Assert.Equal(allowed, new PathScope([], allowCiChanges: false, intent).Refusal(path) is null);
        Assert.Null(new PathScope([], allowCiChanges: true, intent).Refusal(path));
    }

    [Fact]
    public void Prose_for_agents_that_the_paths_name_may_be_changed()
    {
        Assert.Null(new PathScope(["AGENTS.md"], allowCiChanges: false).Refusal("AGENTS.md"));
        Assert.NotNull(new PathScope(["docs"], allowCiChanges: false).Refusal("docs/AGENTS.md"));
    }

    [Fact]
    public async Task Attempts_on_git_and_on_what_lies_outside_are_noted_and_mistakes_are_not()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(
            ScriptedReply.Calls(
                ("read_file", new() { ["path"] = "/etc/passwd" }),
                ("read_file", new() { ["path"] = "../../../.state/keys" }),
                ("write_file", new() { ["path"] = ".git/hooks/pre-commit", ["content"] = "#!/bin/sh\n" }),
                // Where models think that the repository lies.
                ("read_file", new() { ["path"] = "/no-such-root/project/src/calc.py" }),
                ("list_files", new() { ["path"] = "/" })),
            AgentFixture.Fix(),
            AgentFixture.Finish());

        var output = await agent.CodeAsync();

        Assert.Equal(
            ["../../../.state/keys", ".git/hooks/pre-commit", "/etc/passwd"],
            output.Notes.Select(note => note.Split(' ')[5].TrimEnd(',')).Order(StringComparer.Ordinal));
    }
}
