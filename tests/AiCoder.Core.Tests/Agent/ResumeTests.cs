using System.Text;
using AiCoder.Core.Agent;
using AiCoder.Core.Failures;
using AiCoder.Demo;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Agent;

public sealed class ResumeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task After_a_kill_at_any_line_of_the_transcript_the_same_comes_out_and_nothing_is_paid_twice()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Signals.Sent.Add(new(1, "请保持风格"));
        agent.Script(Work);
        var whole = await agent.CodeAsync();
        var lines = await File.ReadAllLinesAsync((await agent.Store.OpenAsync(AgentFixture.TaskId, Cancel)).TranscriptPath, Cancel);
        Assert.True(whole.Done, whole.Failure?.ToString());

        for (var kept = 0; kept <= lines.Length; kept++)
        {
            var before = agent.Model.Requests.Count;
            var workspace = await agent.Store.OpenAsync(AgentFixture.TaskId, Cancel);
            // The next line was only half written when the process died.
            var torn = kept < lines.Length ? lines[kept][..(lines[kept].Length / 2)] : "";
            await File.WriteAllTextAsync(workspace.TranscriptPath, string.Concat(lines.Take(kept).Select(line => line + "\n")) + torn, Cancel);
            agent.Restart();

            var again = await agent.CodeAsync();

            var paid = lines.Take(kept).Count(line => line.Contains("\"type\":\"answer\"", StringComparison.Ordinal));
            Assert.Equal((whole.Tree, whole.Summary, whole.Usage), (again.Tree, again.Summary, again.Usage));
            Assert.Equal(whole.Changes, again.Changes);
            Assert.Equal(5 - paid, agent.Model.Requests.Count - before);
        }

        static ScriptedReply Work(ScriptedRequest request) => request.Turn switch
        {
            0 => ScriptedReply.Say("I begin."),
            1 => ScriptedReply.Calls(
                ("write_file", new() { ["path"] = "log.txt", ["content"] = "one\n" }),
                // Done twice on the same tree, this would show.
                ("run_command", new() { ["command"] = "cat log.txt log.txt > twice && mv twice log.txt" })),
            2 => AgentFixture.Fix(),
            3 => AgentFixture.Run("cat log.txt >> README.md; rm log.txt"),
            _ => AgentFixture.Finish("完成"),
        };
    }

    [Fact]
    public async Task Another_machine_installs_what_the_repository_needs_and_what_that_touches_is_no_change()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Spec = agent.Spec with { Validation = new() { Prepare = ["mkdir -p node_modules && echo installed > node_modules/dependency && echo junk >> README.md"] } };
        agent.Script(request => request.Turn switch
        {
            0 => AgentFixture.Run("cat node_modules/dependency"),
            1 => AgentFixture.Fix(),
            _ => AgentFixture.Finish(),
        });
        agent.Bounds = new() { Turns = 1 };
        await agent.CodeAsync();
        agent.Restart();
        agent.Bounds = new();

        var output = await agent.CodeAsync(batch: 2);

        Assert.Equal(["modified: src/calc.py"], output.Changes);
        Assert.Contains((await agent.TranscriptAsync()).OfType<ResultsEntry>(), entry => entry.Results[0].Text.Contains("installed", StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine((await agent.Store.OpenAsync(AgentFixture.TaskId, Cancel)).WorkTree, "node_modules", "dependency")));
    }

    [Fact]
    public async Task A_command_that_was_cut_off_runs_again_on_the_tree_from_before_it()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(request => request.Turn == 0 ? AgentFixture.Run("echo x >> README.md; if [ -e ../../../slow ]; then sleep 600; fi") : AgentFixture.Finish());
        var slow = Path.Combine(agent.Options.WorkspaceDir, "slow");
        await File.WriteAllTextAsync(slow, "", Cancel);
        var workspace = await agent.Store.OpenAsync(AgentFixture.TaskId, Cancel);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var readme = Path.Combine(workspace.WorkTree, "README.md");
        var running = agent.CodeAsync(cancel: cancel.Token);
        while (!running.IsCompleted && !(await File.ReadAllTextAsync(readme, Cancel)).EndsWith("x\n", StringComparison.Ordinal))
            await Task.Delay(20, Cancel);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        File.Delete(slow);

        var output = await agent.CodeAsync();

        Assert.True(output.Done);
        Assert.Equal("# Calc\n\nA calculator.\nx\n", await agent.ReadAsync(output.Tree, "README.md"));
        Assert.Equal(2, agent.Model.Requests.Count);
    }

    [Fact]
    public async Task A_call_in_flight_is_the_only_one_that_is_made_again()
    {
        await using var agent = await AgentFixture.CreateAsync();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        agent.Script(request =>
        {
            if (request.Turn == 1)
                cancel.CancelAfter(50);
            return request.Turn == 0 ? AgentFixture.Fix() : AgentFixture.Finish() with { Fault = ScriptedFault.StallInStream };
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => agent.CodeAsync(cancel: cancel.Token));
        agent.Restart();
        agent.Script(request => request.Turn == 1 ? AgentFixture.Finish() : throw new InvalidOperationException("The first turn was paid twice."));

        Assert.True((await agent.CodeAsync()).Done);
        Assert.Equal(3, agent.Model.Requests.Count);
    }

    [Theory]
    [InlineData(429, FailureCodes.RateLimited)]
    [InlineData(500, FailureCodes.ServerError)]
    public async Task A_failure_that_passes_is_thrown_and_the_next_call_goes_on_where_it_stood(int status, string code)
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(AgentFixture.Fix(), ScriptedReply.Error(status, "later", retryAfter: "3"), AgentFixture.Finish());

        var exception = await Assert.ThrowsAsync<FailureException>(() => agent.CodeAsync());
        var output = await agent.CodeAsync();

        Assert.Equal((code, 3d), (exception.Failure.Code, exception.Failure.RetryAfter!.Value));
        Assert.True(output.Done);
        Assert.Equal(2, output.Usage.Turns);
        Assert.Equal(Requests(agent, 1), Requests(agent, 2));
    }

    [Fact]
    public async Task A_silent_endpoint_is_cut_and_asked_again()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Timeouts = AgentFixture.Patient with { Idle = TimeSpan.FromSeconds(1) };
        agent.Script(AgentFixture.Fix() with { Fault = ScriptedFault.StallInStream }, AgentFixture.Fix(), AgentFixture.Finish());

        var exception = await Assert.ThrowsAsync<FailureException>(() => agent.CodeAsync());

        Assert.Equal(FailureCodes.Timeout, exception.Failure.Code);
        agent.BePatient();
        Assert.True((await agent.CodeAsync()).Done);
    }

    [Fact]
    public async Task A_host_that_stops_ends_the_batch_before_the_next_call()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Script(request =>
        {
            agent.Signals.Stopping.Cancel();
            return AgentFixture.Fix();
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => agent.CodeAsync());

        Assert.Single(agent.Model.Requests);
        Assert.IsType<ResultsEntry>((await agent.TranscriptAsync())[^1]);
    }

    [Fact]
    public async Task Two_copies_at_the_same_time_pay_once()
    {
        await using var agent = await AgentFixture.CreateAsync(new GitRepositoryBuilder().With("src/calc.py", "a - b\n"));
        agent.Script(request => request.Turn == 0 ? AgentFixture.Fix() : AgentFixture.Finish());

        var outputs = await agent.CodeTwiceAsync();

        Assert.Equal(outputs[0].Tree, outputs[1].Tree);
        Assert.Equal(2, agent.Model.Requests.Count);
    }

    [Fact]
    public async Task A_damaged_transcript_is_named()
    {
        await using var agent = await AgentFixture.CreateAsync();
        var workspace = await agent.Store.OpenAsync(AgentFixture.TaskId, Cancel);
        await File.WriteAllTextAsync(workspace.TranscriptPath, "{\"type\":\"message\"}\nnot json\n", Encoding.UTF8, Cancel);

        var exception = await Assert.ThrowsAsync<FailureException>(() => agent.CodeAsync());

        Assert.Contains(workspace.TranscriptPath, exception.Failure.Message, StringComparison.Ordinal);
    }

    private static string Requests(AgentFixture agent, int index) => agent.Model.Requests[index].Body.ToJsonString();
}
