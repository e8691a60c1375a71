using AiCoder.Core.Agent;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Tasks;
using AiCoder.Demo;

namespace AiCoder.Core.Tests.Agent;

public sealed class CodeActivityTests
{
    [Fact]
    public async Task A_task_of_two_turns_ends_with_its_change_and_summary()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(AgentFixture.Fix(), AgentFixture.Finish("加法已修好"));

        var output = await agent.CodeAsync();

        Assert.True(output.Done);
        Assert.Null(output.Failure);
        Assert.Equal("加法已修好", output.Summary);
        Assert.Equal(["modified: src/calc.py"], output.Changes);
        Assert.Equal("def add(a, b):\n    return a + b\n", await agent.ReadAsync(output.Tree, "src/calc.py"));
        Assert.Equal((2, 200L, 40L), (output.Usage.Turns, output.Usage.InputTokens, output.Usage.OutputTokens));
        Assert.Equal(200 * 0.15m / 1_000_000 + 40 * 0.60m / 1_000_000, output.Usage.CostUsd);
    }

    [Fact]
    public async Task The_first_request_is_small_and_names_the_nine_tools()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(AgentFixture.Fix(), AgentFixture.Finish());

        await agent.CodeAsync();

        var first = agent.Model.Requests[0];
        Assert.True(first.BodyBytes <= 10 * 1024, $"{first.BodyBytes} bytes");
        Assert.Equal(
            ["list_files", "read_file", "search", "write_file", "edit_file", "delete_file", "move_file", "run_command", "finish"], first.Tools);
        Assert.Contains("把加法修好", first.LastText, StringComparison.Ordinal);
        Assert.Contains("修好加法", first.LastText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_first_requests_stay_small_where_a_small_repository_has_much_to_say()
    {
        var repository = AgentFixture.SmallRepository()
            .With("README.md", string.Concat(Enumerable.Repeat("这个项目是一个计算器，说明很长。\n", 500)))
            .With("AGENTS.md", string.Concat(Enumerable.Repeat("- 提交之前运行全部测试。\n", 500)))
            .With("CONTRIBUTING.md", string.Concat(Enumerable.Repeat("- Keep \"quotes\" and \\ as they are.\n", 500)));
        for (var file = 0; file < 50; file++)
            repository.With($"src/计算模块{file}/calculator_part_{file}.py", string.Concat(Enumerable.Range(0, 30).Select(number => $"def calculate_{file}_{number}(a, b):\n    return a\n\n")));
        await using var agent = await AgentFixture.CreateAsync(repository);
        agent.Spec = agent.Spec with { Intent = "修复 calculator_part 的计算模块" };
        agent.Script(ScriptedReply.Say("""{"summary":"修好","files":["src/calc.py"],"changes":["改"],"tests":["t"]}"""), AgentFixture.Fix(), AgentFixture.Finish());

        await agent.AnalyzeAsync();
        await agent.CodeAsync();

        Assert.All(agent.Model.Requests.Take(2), request => Assert.True(request.BodyBytes <= 10 * 1024, $"{request.BodyBytes} bytes"));
        Assert.Contains("> - 提交之前运行全部测试。", agent.Model.Requests[1].LastText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Several_calls_of_one_answer_run_in_order()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(
            ScriptedReply.Calls(
                ("write_file", new() { ["path"] = "文档/说明.md", ["content"] = "一\n" }),
                ("edit_file", new() { ["path"] = "文档/说明.md", ["old_text"] = "一", ["new_text"] = "二" }),
                ("move_file", new() { ["from"] = "文档/说明.md", ["to"] = "文档/指南.md" }),
                ("delete_file", new() { ["path"] = "README.md" }),
                ("finish", new() { ["summary"] = "好" })));

        var output = await agent.CodeAsync();

        Assert.True(output.Done);
        Assert.Equal(["created: 文档/指南.md", "deleted: README.md"], output.Changes.Order());
        Assert.Equal("二\n", await agent.ReadAsync(output.Tree, "文档/指南.md"));
    }

    [Fact]
    public async Task A_command_runs_in_the_sandbox_and_what_it_writes_is_in_the_snapshot()
    {
        await using var agent = await AgentFixture.CreateAsync(sandbox: SandboxKind.Bubblewrap);
        agent.Script(AgentFixture.Run("sed -i 's/a - b/a + b/' src/calc.py && echo fertig"), AgentFixture.Finish());

        var output = await agent.CodeAsync();

        Assert.Equal(["modified: src/calc.py"], output.Changes);
        Assert.Contains("Exit code 0.\nfertig", agent.Model.Requests[1].LastText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Finishing_without_a_change_is_answered_once_and_then_fails()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(AgentFixture.Finish(), AgentFixture.Finish());

        var output = await agent.CodeAsync();

        Assert.Equal(FailureCodes.NoChanges, output.Failure!.Code);
        Assert.Contains("Nothing changed", agent.Model.Requests[1].LastText, StringComparison.Ordinal);
        Assert.Equal(2, agent.Model.Requests.Count);
    }

    [Fact]
    public async Task Finish_is_not_taken_where_a_call_before_it_failed()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(
            ScriptedReply.Calls(
                ("edit_file", new() { ["path"] = "src/calc.py", ["old_text"] = "nowhere at all", ["new_text"] = "x" }),
                ("finish", new() { ["summary"] = "done" })),
            AgentFixture.Fix(),
            AgentFixture.Finish());

        var output = await agent.CodeAsync();

        Assert.True(output.Done);
        Assert.Contains("Not finished", agent.Model.Requests[1].LastText, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("words")]
    [InlineData("")]
    public async Task Answers_without_a_call_are_reminded_twice_and_then_the_model_is_unusable(string words)
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(_ => ScriptedReply.Say(words));

        var output = await agent.CodeAsync();

        Assert.Equal(FailureCodes.ModelUnusable, output.Failure!.Code);
        Assert.Equal(3, agent.Model.Requests.Count);
        Assert.Equal(words.Length > 0, output.Failure.Message.Contains("Its last words: \"words\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_reminder_brings_a_talkative_model_back()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(ScriptedReply.Say("I will now fix it."), AgentFixture.Fix(), ScriptedReply.Say("All done!"), AgentFixture.Finish());

        Assert.True((await agent.CodeAsync()).Done);
        Assert.Contains("You called no tool", agent.Model.Requests[1].LastText, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Broken_calls_are_answered_so_that_the_model_can_mend_them()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(
            new ScriptedReply { ToolCalls = [new("edit_file", "{\"path\": "), new("fly", "{}"), new("read_file", "{}"), new("read_file", "[1]")] },
            AgentFixture.Fix(),
            AgentFixture.Finish());

        Assert.True((await agent.CodeAsync()).Done);
        var answers = agent.Model.Requests[1].Messages.TakeLast(4).Select(ScriptedRequest.TextOf).ToList();
        Assert.Contains("not valid JSON", answers[0], StringComparison.Ordinal);
        Assert.Contains("There is no tool 'fly'. The tools are list_files", answers[1], StringComparison.Ordinal);
        Assert.Contains("'path' is missing", answers[2], StringComparison.Ordinal);
        Assert.Contains("one JSON object", answers[3], StringComparison.Ordinal);
        // What goes back to the endpoint is valid, whatever the model wrote.
        Assert.All(agent.Model.Requests[1].Messages.Where(message => message["tool_calls"] is not null).SelectMany(message => message["tool_calls"]!.AsArray()), call =>
            Assert.NotNull(System.Text.Json.Nodes.JsonNode.Parse((string)call!["function"]!["arguments"]!)));
    }

    [Fact]
    public async Task A_call_that_was_cut_off_at_the_length_limit_is_asked_for_in_smaller_steps()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(
            new ScriptedReply { ToolCalls = [new("write_file", """{"path":"big.txt","content":"aaaa""")], FinishReason = "length" },
            AgentFixture.Fix(),
            AgentFixture.Finish());

        var output = await agent.CodeAsync();

        Assert.Contains("cut off at the length limit", agent.Model.Requests[1].LastText, StringComparison.Ordinal);
        Assert.Equal(["modified: src/calc.py"], output.Changes);
    }

    [Fact]
    public async Task A_batch_ends_after_its_turns_and_the_next_goes_on()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Bounds = new() { Turns = 2 };
        agent.Script(AgentFixture.Read("README.md"), AgentFixture.Fix(), AgentFixture.Finish("done"));

        var first = await agent.CodeAsync(batch: 1);
        var second = await agent.CodeAsync(batch: 2, tree: first.Tree);

        Assert.Equal((false, true), (first.Done, second.Done));
        Assert.Equal(["modified: src/calc.py"], first.Changes);
        Assert.Equal(3, second.Usage.Turns);
    }

    [Fact]
    public async Task The_same_batch_again_answers_the_same_and_asks_nothing()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Bounds = new() { Turns = 1 };
        agent.Script(AgentFixture.Fix(), AgentFixture.Finish());
        var first = await agent.CodeAsync(batch: 1);
        await agent.CodeAsync(batch: 2, tree: first.Tree);
        agent.Restart();

        var again = await agent.CodeAsync(batch: 1);

        Assert.Equal((first.Done, first.Tree, first.Usage), (again.Done, again.Tree, again.Usage));
        Assert.Equal(2, agent.Model.Requests.Count);
    }

    [Fact]
    public async Task A_failed_validation_is_told_once_in_the_next_iteration_without_what_failed_before()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(AgentFixture.Edit("src/calc.py", "a - b", "a * b"), AgentFixture.Finish(), AgentFixture.Edit("src/calc.py", "a * b", "a + b"), AgentFixture.Finish("now"));
        var first = await agent.CodeAsync();
        var feedback = new TestResults
        {
            Verdict = Verdict.Failed,
            Reason = "One test failed.",
            Commands =
            [
                new() { Command = "python3 -m pytest", ExitCode = 1, Verdict = Verdict.Failed, Output = "assert 2 == 3" },
                new() { Command = "make lint", ExitCode = 2, Verdict = Verdict.Failed, PreExisting = true, Output = "was red before" },
            ],
        };
        agent.Bounds = new() { Turns = 1 };

        var second = await agent.CodeAsync(iteration: 2, batch: 1, feedback, first.Tree);
        agent.Restart();
        var third = await agent.CodeAsync(iteration: 2, batch: 2, feedback, second.Tree);

        Assert.True(third.Done);
        Assert.Equal("def add(a, b):\n    return a + b\n", await agent.ReadAsync(third.Tree, "src/calc.py"));
        var last = agent.Model.Requests[^1];
        Assert.Single(last.Messages, message => ScriptedRequest.TextOf(message).Contains("assert 2 == 3", StringComparison.Ordinal));
        Assert.DoesNotContain("was red before", last.AllText, StringComparison.Ordinal);
        Assert.Equal(4, third.Usage.Turns);
    }

    [Fact]
    public async Task What_a_person_writes_is_taken_up_at_the_next_turn_and_once()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(request =>
        {
            if (request.Number == 1)
                agent.Signals.Sent.Add(new(1, "也请更新 README"));
            return request.Number switch { 1 => AgentFixture.Fix(), 2 => AgentFixture.Write("README.md", "新\n"), _ => AgentFixture.Finish() };
        });

        var output = await agent.CodeAsync();

        Assert.Equal(["modified: README.md", "modified: src/calc.py"], output.Changes.Order());
        Assert.Contains("也请更新 README", agent.Model.Requests[1].LastText, StringComparison.Ordinal);
        Assert.Single(agent.Model.Requests[2].Messages, message => ScriptedRequest.TextOf(message).Contains("也请更新", StringComparison.Ordinal));
        Assert.Equal(1, (await agent.TranscriptAsync()).OfType<MessageEntry>().Max(entry => entry.Number));
    }

    [Fact]
    public async Task A_message_that_comes_while_the_model_finishes_is_not_lost()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(request =>
        {
            if (request.Number == 1)
                agent.Signals.Sent.Add(new(7, "wait, the README too"));
            return request.Number switch
            {
                1 => ScriptedReply.Calls(
                    ("edit_file", new() { ["path"] = "src/calc.py", ["old_text"] = "a - b", ["new_text"] = "a + b" }), ("finish", new() { ["summary"] = "x" })),
                2 => AgentFixture.Write("README.md", "new\n"),
                _ => AgentFixture.Finish("both"),
            };
        });

        Assert.Equal("both", (await agent.CodeAsync()).Summary);
    }

    [Fact]
    public async Task Secrets_of_ours_that_a_file_holds_reach_neither_model_nor_transcript()
    {
        await using var agent = await AgentFixture.CreateAsync(AgentFixture.SmallRepository().With("note.txt", "key sk-operator-0001\n"));
        agent.Script(AgentFixture.Read("note.txt"), AgentFixture.Fix(), AgentFixture.Finish());

        await agent.CodeAsync();

        Assert.DoesNotContain("sk-operator-0001", agent.Model.Requests[1].AllText, StringComparison.Ordinal);
        var transcript = (await agent.Store.OpenAsync(AgentFixture.TaskId, TestContext.Current.CancellationToken)).TranscriptPath;
        Assert.DoesNotContain("sk-operator-0001", await File.ReadAllTextAsync(transcript, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }
}
