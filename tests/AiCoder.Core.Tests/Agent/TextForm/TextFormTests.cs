using AiCoder.Core.Agent;
using AiCoder.Core.Configuration;
using AiCoder.Core.Models;
using AiCoder.Demo;
using static AiCoder.Core.Tests.Agent.Misbehaviour.Replies;

namespace AiCoder.Core.Tests.Agent.TextForm;

/// <summary>Tools as text over the life of a task, and of a process.</summary>
public sealed class TextFormTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_first_request_names_the_nine_tools_in_words_and_is_small()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Configure(options => options with { ToolCalls = ToolCallMode.Text });
        agent.Script(Say(FixText), Say(FinishText));

        var output = await agent.CodeAsync();

        var first = agent.Model.Requests[0];
        Assert.True(output.Done);
        Assert.True(first.BodyBytes <= 10 * 1024, $"{first.BodyBytes} bytes");
        Assert.Null(first.Body["tools"]);
        var system = ScriptedRequest.TextOf(first.Messages[0]);
        Assert.All(
            ["list_files", "read_file", "search", "write_file", "edit_file", "delete_file", "move_file", "run_command", "finish"],
            tool => Assert.Contains($"- {tool}: ", system, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_refusal_of_tools_costs_no_turn_and_the_next_task_of_the_process_is_not_asked_for_it_again()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(request => request.Tools.Count > 0 ? ScriptedReply.Error(400, "m does not support tools") : Say(request.Turn == 0 ? FixText : FinishText));

        var first = await agent.CodeAsync();
        await agent.NextTaskAsync();
        var second = await agent.CodeAsync();
        agent.Restart();
        await agent.NextTaskAsync();
        var third = await agent.CodeAsync();

        Assert.True(first.Done && second.Done && third.Done);
        Assert.Equal([2, 2, 2], new[] { first, second, third }.Select(output => output.Usage.Turns));
        // Only a new process does not know it yet.
        Assert.Equal([true, false, false, false, false, true, false, false], agent.Model.Requests.Select(request => request.Tools.Count > 0));
    }

    [Fact]
    public async Task Another_model_at_the_same_address_is_asked_for_itself()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(request => request.Model == "gpt-4o-mini" && request.Tools.Count > 0
            ? ScriptedReply.Error(400, "m does not support tools")
            : request.Model == "gpt-4o-mini" ? Say(request.Turn == 0 ? FixText : FinishText) : request.Turn == 0 ? Fix : Finish);
        await agent.CodeAsync();
        await agent.NextTaskAsync();
        agent.Spec = agent.Spec with { Model = "gpt-4o" };

        Assert.True((await agent.CodeAsync()).Done);
        Assert.Equal(9, agent.Model.Requests[^1].Tools.Count);
    }

    [Fact]
    public async Task After_a_kill_at_any_line_the_task_goes_on_in_its_form_and_nothing_is_paid_twice()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(Work);
        var whole = await agent.CodeAsync();
        var lines = await File.ReadAllLinesAsync((await agent.Store.OpenAsync(agent.Spec.TaskId, Cancel)).TranscriptPath, Cancel);
        Assert.True(whole.Done, whole.Failure?.ToString());
        var bodies = agent.Model.Requests.Where(request => request.Tools.Count == 0).Select(request => request.Body.ToJsonString()).ToList();

        // Before the first line there is no task yet; the mark of its results comes with it.
        for (var kept = 1; kept <= lines.Length; kept++)
        {
            var before = agent.Model.Requests.Count;
            var workspace = await agent.Store.OpenAsync(agent.Spec.TaskId, Cancel);
            await File.WriteAllTextAsync(workspace.TranscriptPath, string.Concat(lines.Take(kept).Select(line => line + "\n")) + "{\"type\":", Cancel);
            agent.Restart();

            var again = await agent.CodeAsync();

            var paid = lines.Take(kept).Count(line => line.Contains("\"type\":\"answer\"", StringComparison.Ordinal));
            var requests = agent.Model.Requests.Skip(before).ToList();
            Assert.Equal((whole.Tree, whole.Summary, whole.Usage), (again.Tree, again.Summary, again.Usage));
            // The form is known from the first answer on; and the same conversation is written the same way.
            Assert.Equal(paid == 0 ? 1 : 0, requests.Count(request => request.Tools.Count > 0));
            Assert.Equal(bodies.Skip(paid), requests.Where(request => request.Tools.Count == 0).Select(request => request.Body.ToJsonString()));
        }

        static ScriptedReply Work(ScriptedRequest request) => request.Tools.Count > 0
            ? ScriptedReply.Error(400, "this model does not support tools")
            : request.Turn switch
            {
                0 => Say("<call tool=\"read_file\"><path>src/calc.py</path></call>\n<call tool=\"write_file\"><path>log.txt</path><content>\none\n</content></call>"),
                1 => Say(FixText),
                2 => Say("<call tool=\"run_command\"><command>cat log.txt >> README.md; rm log.txt</command></call>"),
                _ => Say(FinishText),
            };
    }

    [Fact]
    public async Task A_change_of_the_setting_does_not_change_the_form_of_a_task_under_way()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Bounds = new() { Turns = 1 };
        agent.Script(Fix, Finish);
        var first = await agent.CodeAsync();
        agent.Configure(options => options with { ToolCalls = ToolCallMode.Text });

        Assert.True((await agent.CodeAsync(batch: 2, tree: first.Tree)).Done);
        Assert.Equal(9, agent.Model.Requests[1].Tools.Count);
    }

    [Fact]
    public async Task A_secret_that_escapes_hide_in_a_call_is_taken_out()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Configure(options => options with { ToolCalls = ToolCallMode.Text });
        var escaped = string.Concat("sk-operator-0001".Select(letter => $"\\u{(int)letter:x4}"));
        agent.Script(Say("<tool_call>{\"name\": \"write_file\", \"arguments\": {\"path\": \"key.txt\", \"content\": \"" + escaped + "\"}}</tool_call>"), Say(FixText), Say(FinishText));

        var output = await agent.CodeAsync();

        Assert.Equal("[redacted]", await agent.ReadAsync(output.Tree, "key.txt"));
        Assert.DoesNotContain((await agent.TranscriptAsync()).OfType<AnswerEntry>(), entry => entry.Answer.ToolCalls.Any(call => call.Arguments.Contains("sk-operator", StringComparison.Ordinal)));
    }
}
