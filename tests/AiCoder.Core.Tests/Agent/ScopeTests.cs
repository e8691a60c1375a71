using AiCoder.Core.Configuration;
using AiCoder.Demo;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Agent;

public sealed class ScopeTests
{
    private const string Workflow = ".github/workflows/ci.yml";

    [Theory]
    [InlineData(".github/workflows/new.yml")]
    [InlineData(".GitHub/Workflows/new.yml")]
    [InlineData(".gitlab-ci.yml")]
    [InlineData("azure-pipelines.yml")]
    [InlineData("sub/Jenkinsfile")]
    [InlineData(".qwen/settings.json")]
    [InlineData("packages/app/.claude/settings.json")]
    public async Task Files_of_ci_and_agents_are_refused_and_the_result_says_so(string path)
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(AgentFixture.Write(path, "x\n"), AgentFixture.Fix(), AgentFixture.Finish());

        var output = await agent.CodeAsync();

        Assert.Equal(["modified: src/calc.py"], output.Changes);
        Assert.Contains("not allowed to change", agent.Model.Requests[1].LastText, StringComparison.Ordinal);
        Assert.Contains(path, Assert.Single(output.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task They_are_changed_where_the_request_allows_it()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Spec = agent.Spec with { AllowCiChanges = true };
        agent.Script(AgentFixture.Write(Workflow, "on: pull_request\n"), AgentFixture.Run("echo '{}' > .mcp.json"), AgentFixture.Finish());

        var output = await agent.CodeAsync();

        Assert.Equal(["created: .mcp.json", $"modified: {Workflow}"], output.Changes.Order());
        Assert.Empty(output.Notes);
    }

    [Theory]
    [InlineData("echo evil > .github/workflows/ci.yml")]
    [InlineData("rm -r .github")]
    [InlineData("mkdir -p .qwen && echo '{}' > .qwen/settings.json")]
    [InlineData("git mv .github/workflows/ci.yml ci.yml 2>/dev/null || mv .github/workflows/ci.yml ci.yml; rm ci.yml")]
    [InlineData("rm -r .github && ln -s src .github")]
    [InlineData("chmod +x .github/workflows/ci.yml")]
    public async Task What_a_command_did_to_them_is_taken_back_and_noted(string command)
    {
        await using var agent = await AgentFixture.CreateAsync(sandbox: SandboxKind.None);
        agent.Script(AgentFixture.Run($"{command}; sed -i 's/a - b/a + b/' src/calc.py"), AgentFixture.Finish());

        var output = await agent.CodeAsync();

        Assert.True(output.Done, output.Failure?.ToString());
        Assert.Equal(["modified: src/calc.py"], output.Changes);
        Assert.Equal("on: push\n", await agent.ReadAsync(output.Tree, Workflow));
        Assert.NotEmpty(output.Notes);
        Assert.Contains("Taken back", agent.Model.Requests[1].LastText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SandboxKind.Bubblewrap)]
    [InlineData(SandboxKind.None)]
    public async Task What_their_links_lead_to_is_changed_neither_by_tool_nor_by_command(SandboxKind sandbox)
    {
        await using var agent = await AgentFixture.CreateAsync(
            AgentFixture.SmallRepository()
                .With(".claude", "tools/claude", GitRepositoryBuilder.SymbolicLink)
                .With("tools/claude/settings.json", "{}\n")
                .With("AGENTS.md", "docs/agents.md", GitRepositoryBuilder.SymbolicLink)
                .With("docs/agents.md", "Build with make.\n")
                .With(".codex", "later/codex", GitRepositoryBuilder.SymbolicLink),
            sandbox);
        agent.Script(
            ScriptedReply.Calls([.. new[] { ".claude/settings.json", "tools/claude/settings.json", "tools/claude/new.json", ".claude/hooks/a.sh", "AGENTS.md", "docs/agents.md", ".codex/config.toml" }
                .Select(path => ("write_file", new System.Text.Json.Nodes.JsonObject { ["path"] = path, ["content"] = "evil\n" }))]),
            AgentFixture.Run("echo evil > tools/claude/settings.json; echo evil > .claude/more.json; echo evil > docs/agents.md; rm AGENTS.md; mkdir evil; ln -s evil later; ln -s evil .vscode"),
            AgentFixture.Run("mv tools moved && ln -s moved tools && echo evil > tools/claude/settings.json; rm -r moved tools"),
            AgentFixture.Fix(),
            AgentFixture.Finish());

        var output = await agent.CodeAsync();

        Assert.True(output.Done, output.Failure?.ToString());
        Assert.Equal(["modified: src/calc.py"], output.Changes);
        Assert.All((await agent.TranscriptAsync()).OfType<Core.Agent.ResultsEntry>().First().Results, answer => Assert.True(answer.Error, answer.Text));
        foreach (var path in new[] { "tools/claude/settings.json", "tools/claude/new.json", "tools/claude/hooks/a.sh", "tools/claude/more.json", "docs/agents.md", "AGENTS.md", "later/codex/config.toml", "later", ".vscode" })
            Assert.Single(output.Notes, note => note.Contains($"change {path},", StringComparison.Ordinal));
        Assert.Equal("{}\n", await agent.ReadAsync(output.Tree, ".claude/settings.json"));
    }

    [Fact]
    public async Task Paths_keep_a_task_in_its_folders_whether_by_tool_or_by_command()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Spec = agent.Spec with { Paths = ["src"] };
        agent.Script(
            AgentFixture.Write("README.md", "x\n"),
            AgentFixture.Write("srcx/a.txt", "x\n"),
            AgentFixture.Run("echo y > README.md; echo z > other.txt; echo n > src/new.txt"),
            AgentFixture.Finish());

        var output = await agent.CodeAsync();

        Assert.Equal(["created: src/new.txt"], output.Changes);
        Assert.Equal(3, output.Notes.Count);
        Assert.Equal("# Calc\n\nA calculator.\n", await agent.ReadAsync(output.Tree, "README.md"));
    }

    [Fact]
    public async Task A_link_in_the_repository_leads_no_tool_out_of_it()
    {
        var outside = Directory.CreateTempSubdirectory("aicoder-outside-");
        try
        {
            await File.WriteAllTextAsync(Path.Combine(outside.FullName, "secret.txt"), "outside\n", TestContext.Current.CancellationToken);
            await using var agent = await AgentFixture.CreateAsync(AgentFixture.SmallRepository()
                .With("out", outside.FullName, GitRepositoryBuilder.SymbolicLink)
                .With("up", "../../../..", GitRepositoryBuilder.SymbolicLink)
                .With("git", ".git", GitRepositoryBuilder.SymbolicLink)
                .With("inner", "src", GitRepositoryBuilder.SymbolicLink));
            string[] paths = ["out/secret.txt", "up/etc/passwd", "git/config", ".git/config", "src/../../x", "/etc/passwd", "inner/../.git/config", ".GIT/config"];
            agent.Script(
                ScriptedReply.Calls([.. paths.SelectMany(path => new (string, System.Text.Json.Nodes.JsonObject)[]
                {
                    ("read_file", new() { ["path"] = path }),
                    ("write_file", new() { ["path"] = path, ["content"] = "in" }),
                    ("list_files", new() { ["path"] = path.Split('/')[0] is "" ? "/etc" : path.Split('/')[0] + "/.." }),
                })]),
                ScriptedReply.Calls(
                    ("edit_file", new() { ["path"] = "inner/calc.py", ["old_text"] = "a - b", ["new_text"] = "a + b" }),
                    ("delete_file", new() { ["path"] = "out" })),
                AgentFixture.Finish());

            var output = await agent.CodeAsync();

            var answers = (await agent.TranscriptAsync()).OfType<Core.Agent.ResultsEntry>().First().Results;
            Assert.All(answers.Index().Where(answer => answer.Index % 3 < 2), answer => Assert.True(answer.Item.Error, answer.Item.Text));
            Assert.DoesNotContain(answers, answer => answer.Text.Contains("secret.txt\n", StringComparison.Ordinal) || answer.Text.Contains("root:", StringComparison.Ordinal));
            // Through the link that stays inside, the file itself is edited; deleting a link leaves what it leads to.
            Assert.Equal(["deleted: out", "modified: src/calc.py"], output.Changes.Order());
            Assert.Equal("outside\n", await File.ReadAllTextAsync(Path.Combine(outside.FullName, "secret.txt"), TestContext.Current.CancellationToken));
        }
        finally
        {
            outside.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task A_named_pipe_holds_up_no_tool()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(
            AgentFixture.Run("mkfifo pipe"),
            ScriptedReply.Calls(("read_file", new() { ["path"] = "pipe" }), ("search", new() { ["pattern"] = "return" })),
            AgentFixture.Fix(),
            AgentFixture.Finish());

        var output = await agent.CodeAsync();

        Assert.Equal(["modified: src/calc.py"], output.Changes);
        Assert.Contains("src/calc.py:2:", agent.Model.Requests[2].LastText, StringComparison.Ordinal);
    }
}
