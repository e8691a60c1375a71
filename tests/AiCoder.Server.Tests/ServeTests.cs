using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using AiCoder.Demo;
using AiCoder.Server.Tests.Infrastructure;
using AiCoder.Testing;
using AiCoder.Testing.Api;
using AiCoder.Testing.Processes;
using AiCoder.Testing.Tasks;

namespace AiCoder.Server.Tests;

/// <summary>The real process: how it begins and how it ends.</summary>
public sealed class ServeTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("http://0.0.0.0:0", null, "AICODER_API_KEY")]
    [InlineData("http://127.0.0.1:0", "too-short", "AICODER_API_KEY")]
    [InlineData("nowhere", null, "nowhere")]
    [InlineData("https://127.0.0.1:0", null, "https")]
    [InlineData("http://127.0.0.1:99999", null, "99999")]
    [InlineData("http://192.0.2.1:8080", ServedWorld.Key, "this machine does not have that address")]
    public async Task What_can_not_be_served_ends_with_2_and_says_what_to_set(string urls, string? key, string named)
    {
        await using var around = await TaskSurroundings.CreateAsync(cancellationToken: Cancel);
        var variables = ServedWorld.Variables(around);
        variables.Remove("AICODER_API_KEY");
        if (key is not null)
            variables["AICODER_API_KEY"] = key;
        variables["ASPNETCORE_URLS"] = urls;

        using var process = AiCoderProcess.Start(variables, ["serve"]);
        var run = await process.EndAsync(Cancel);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(named, run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.False(key is not null && run.Error.Contains(key, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_port_that_is_taken_ends_with_2()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        await using var around = await TaskSurroundings.CreateAsync(cancellationToken: Cancel);

        using var process = AiCoderProcess.Start(ServedWorld.Variables(around), ["serve", "--urls", $"http://{taken.LocalEndpoint}"]);
        var run = await process.EndAsync(Cancel);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("can't be listened on", Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_service_without_a_model_key_says_so_and_takes_the_tasks_that_bring_their_own()
    {
        var around = await TaskSurroundings.CreateAsync(cancellationToken: Cancel);
        using var server = await ServeProcess.StartAsync(around, new Dictionary<string, string> { ["OPENAI_API_KEY"] = "" });
        await using var world = server.WorldIn(around);
        var without = world.Request(ApiWorld.NewId());
        without.Remove("base_url");
        without.Remove("api_key");

        await server.Process.SaidAsync("OPENAI_API_KEY is not set", Cancel);
        var refused = await world.StartAsync(without);

        Assert.Equal((400, "api_key"), (refused.Status, (string?)refused.Json["errors"]![0]!["field"]));
        Assert.Contains("operator has set none", refused["detail"], StringComparison.Ordinal);
        Assert.Equal("completed", (string?)(await world.EndAsync(await world.StartAsync()))["status"]);
    }

    [Theory]
    [InlineData(AiCoderProcess.SigTerm)]
    [InlineData(AiCoderProcess.SigInt)]
    public async Task An_orderly_stop_ends_with_0_and_the_next_start_goes_on_where_it_was(int signal)
    {
        var hold = new Hold();
        var around = await TaskSurroundings.CreateAsync(HeldAtTheThirdTurn(hold), cancellationToken: Cancel);
        string id;
        using (var first = await ServeProcess.StartAsync(around))
        {
            var world = new ApiWorld(around, first.Client, around.Workspace, () => default);
            id = await world.StartAsync();
            await hold.Reached.WaitAsync(Cancel);
            first.Process.Signal(signal);
            await first.Process.SaidAsync("Stopping", Cancel);
            hold.Release();
            var run = await first.Process.EndAsync(Cancel);

            Assert.Equal((0, ""), (run.ExitCode, run.Output));
            Assert.DoesNotContain("Error AiCoder", run.Error, StringComparison.Ordinal);
            Assert.DoesNotContain(ServedWorld.Key, run.Error, StringComparison.Ordinal);
            Assert.DoesNotContain(ApiWorld.ModelKey, run.Error, StringComparison.Ordinal);
            Assert.Null(await around.HeadOfAsync($"ai/{id}"));
        }

        using var second = await ServeProcess.StartAsync(around);
        await using var resumed = second.WorldIn(around);
        var task = await resumed.EndAsync(id);
        Assert.True((string?)task["status"] == "completed", task.ToJsonString());
        Assert.Equal(1, around.PushesOf($"ai/{id}"));
        // It ended at a safe point: no answer of the model was thrown away.
        Assert.Equal(5, around.Model.Requests.Count);
        AssertEventsComplete(around, id);
    }

    [Fact]
    public async Task A_second_signal_ends_it_at_once()
    {
        var hold = new Hold();
        await using var around = await TaskSurroundings.CreateAsync(HeldAtTheThirdTurn(hold), cancellationToken: Cancel);
        using var server = await ServeProcess.StartAsync(around);
        await new ApiWorld(around, server.Client, around.Workspace, () => default).StartAsync();
        await hold.Reached.WaitAsync(Cancel);

        server.Process.Signal(AiCoderProcess.SigTerm);
        await server.Process.SaidAsync("Stopping", Cancel);
        server.Process.Signal(AiCoderProcess.SigTerm);

        Assert.Equal(130, (await server.Process.EndAsync(Cancel)).ExitCode);
    }

    [Fact]
    public async Task Another_server_on_the_journal_takes_over_what_a_dead_one_leaves()
    {
        var hold = new Hold();
        var around = await TaskSurroundings.CreateAsync(HeldAtTheThirdTurn(hold), cancellationToken: Cancel);
        await using var other = await ServedWorld.AroundAsync(around, setup: made => made with { ResumeEvery = TimeSpan.FromMilliseconds(200) });
        string id;
        using (var server = await ServeProcess.StartAsync(around))
        {
            id = await new ApiWorld(around, server.Client, around.Workspace, () => default).StartAsync();
            await hold.Reached.WaitAsync(Cancel);
            Assert.Equal("coding", (await other.GetAsync($"api/tasks/{id}"))["status"]);
            server.Process.Signal(AiCoderProcess.SigKill);
            await server.Process.EndAsync(Cancel);
        }

        hold.Release();
        Assert.Equal("completed", (string?)(await other.EndAsync(id))["status"]);
        Assert.Equal(1, around.PushesOf($"ai/{id}"));
        AssertEventsComplete(around, id);
    }

    [Fact]
    public async Task Twenty_tasks_survive_a_kill_and_each_is_pushed_once()
    {
        const int Running = 6;
        var names = Enumerable.Range(1, 20).Select(number => $"task-{number:00}").ToList();
        string[] repositories = [TaskSurroundings.Repository, "second.git", "third.git"];
        string RepositoryOf(string name) => repositories[names.IndexOf(name) % repositories.Length];
        string NameIn(ScriptedRequest request) => names.Single(name => request.AllText.Contains(name, StringComparison.Ordinal));
        var script = DemoScript.For(DemoProject.Shell);
        var (killed, allHeld) = (new Hold(), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        var held = new ConcurrentQueue<string>();
        var around = await TaskSurroundings.CreateAsync(
            request =>
            {
                // So many calls that some tasks have ended by then, however far each of those that run has come.
                if (request.Number <= 40 || allHeld.Task.IsCompleted)
                    return script(request);
                held.Enqueue(NameIn(request));
                if (held.Count == Running)
                    allHeld.TrySetResult();
                return script(request) with { Gate = killed.WaitAsync() };
            },
            cancellationToken: Cancel);
        foreach (var repository in repositories[1..])
            await around.AddRepositoryAsync(repository);

        var limits = new Dictionary<string, string> { ["MAX_CONCURRENT_TASKS"] = $"{Running}" };
        var before = new List<string?>();
        using (var first = await ServeProcess.StartAsync(around, limits))
        {
            var world = new ApiWorld(around, first.Client, around.Workspace, () => default);
            foreach (var name in names)
                Assert.Equal(202, (await world.StartAsync(world.Request(name, new { repo_url = around.Git.UrlOf(RepositoryOf(name)), intent = $"{name}: mend the price." }))).Status);
            await allHeld.Task.WaitAsync(Cancel);
            foreach (var name in names)
                before.Add((await world.GetAsync($"api/tasks/{name}"))["status"]);
            first.Process.Signal(AiCoderProcess.SigKill);
            await first.Process.EndAsync(Cancel);
        }

        killed.Release();
        Assert.Contains("completed", before);
        Assert.Contains("pending", before);
        Assert.Equal(Running, held.Distinct().Count());
        using var second = await ServeProcess.StartAsync(around, limits);
        await using var resumed = second.WorldIn(around);
        foreach (var name in names)
        {
            var task = await resumed.EndAsync(name);
            Assert.True((string?)task["status"] == "completed", task.ToJsonString());
            Assert.Equal(await around.HeadOfAsync($"ai/{name}", RepositoryOf(name)), (string?)task["commit_hash"]);
            Assert.Equal(1, around.PushesOf($"ai/{name}", RepositoryOf(name)));
            Assert.Empty(task["undelivered_events"]!.AsArray());
            AssertEventsComplete(around, name);
        }

        // A plan, then four turns; what was in flight at the kill is asked again, and nothing else is.
        var asked = around.Model.Requests.ToLookup(NameIn);
        Assert.All(names, name =>
        {
            var again = held.Contains(name) ? 1 : 0;
            Assert.Equal(5 + again, asked[name].Count());
            Assert.Equal(again, asked[name].GroupBy(request => request.Body["messages"]!.ToJsonString()).Count(same => same.Count() > 1));
        });
    }

    private static void AssertEventsComplete(TaskSurroundings around, string taskId)
    {
        var deliveries = around.DeliveriesOf(taskId);
        var firsts = deliveries.DistinctBy(delivery => delivery.Sequence).Select(delivery => delivery.Sequence).ToList();
        Assert.Equal(Enumerable.Range(1, firsts.Count), firsts);
        Assert.Equal("completed", deliveries[^1].Status);
        Assert.All(deliveries.GroupBy(delivery => delivery.Sequence), same => Assert.Single(same.Select(delivery => delivery.Id).Distinct()));
        Assert.All(deliveries, delivery => Assert.True(delivery.SignatureValid));
    }

    private static Func<ScriptedRequest, ScriptedReply> HeldAtTheThirdTurn(Hold hold)
    {
        var script = DemoScript.For(DemoProject.Shell);
        return request => script(request) with { Gate = request.Turn == 2 ? hold.WaitAsync() : null };
    }
}
