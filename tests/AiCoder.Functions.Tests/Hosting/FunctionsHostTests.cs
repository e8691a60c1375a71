using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using AiCoder.Core.Api;
using AiCoder.Demo;
using AiCoder.Testing;
using AiCoder.Testing.Tasks;

namespace AiCoder.Functions.Tests.Hosting;

/// <summary>The app on a real Functions host: by HTTP, by queue, killed, started twice. Skipped where there is no host.</summary>
public sealed class FunctionsHostTests
{
    private const string Token = "glpat-abcdefghij0123456789";

    // The least that Durable takes: how long an activity stays with a worker that died.
    private static readonly Dictionary<string, string> QuickTakeover = new()
    {
        ["AzureFunctionsJobHost__extensions__durableTask__storageProvider__workItemQueueVisibilityTimeout"] = "00:01:00",
        ["AzureFunctionsJobHost__extensions__durableTask__storageProvider__controlQueueVisibilityTimeout"] = "00:01:00",
    };

    [Fact]
    public async Task A_post_and_a_message_each_end_in_a_pushed_commit_with_ordered_signed_events_and_no_secret_in_the_hub()
    {
        await using var world = await FunctionsWorld.StartAsync();
        using var started = await world.PostAsync("/api/tasks", world.Around.Request("by-http", new { gitlab_api_token = Token, metadata = new { note = Token } }));
        Assert.Equal((HttpStatusCode.Accepted, "/api/tasks/by-http"), (started.StatusCode, started.Headers.Location?.OriginalString));
        await world.SendAsync(QueueNames.Tasks, Base64(world.Around.Request("by-queue", new { gitlab_api_token = Token }).ToJsonString()));

        foreach (var id in new[] { "by-http", "by-queue" })
        {
            var result = await world.ResultAsync(id);
            Assert.True((string?)result["status"] == "completed", result.ToJsonString());
            Assert.Equal("passed", (string?)result["test_results"]!["verdict"]);
            Assert.Equal((string?)result["commit_hash"], await world.Around.HeadOfAsync($"ai/{id}"));
            Assert.Equal(1, world.Around.PushesOf($"ai/{id}"));
            var deliveries = world.Around.DeliveriesOf(id);
            Assert.Equal(["started", "cloning", "analyzing", "coding", "testing", "committing", "completed"], deliveries.Select(delivery => delivery.Status));
            Assert.Equal(Enumerable.Range(1, 7), deliveries.Select(delivery => delivery.Sequence));
            Assert.All(deliveries, delivery => Assert.True(delivery.SignatureValid));
            Assert.Equal(7, (await world.GetAsync($"/api/tasks/{id}/events"))["events"]!.AsArray().Count);
        }

        var secrets = new[] { Token, "test-key-0123456789", TaskSurroundingsSecret };
        Assert.Empty(await HubSearch.FindAsync(world.Account, secrets, TestContext.Current.CancellationToken));
        // The search itself finds what is there.
        Assert.NotEmpty(await HubSearch.FindAsync(world.Account, ["by-queue"], TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_task_of_the_engine_qwen_ends_in_a_pushed_commit_and_the_sandbox_sees_none_of_the_app_s_settings()
    {
        Assert.SkipWhen(QwenCode.Folder is null, QwenCode.Missing);
        await using var world = await FunctionsWorld.StartAsync(
            QwenScript.After(DemoProject.Shell, QwenScript.Shell("find /run/host -name '*settings*' -o -name host.json; env; true")),
            settings: new Dictionary<string, string> { ["QWEN_CODE_DIR"] = QwenCode.Folder! });
        using var started = await world.PostAsync("/api/tasks", world.Around.Request("qwen", new { engine = "qwen" }));

        await AssertCompletedAsync(world, "qwen");

        var seen = world.Around.Model.Requests.Where(QwenScript.IsQwen).ElementAt(1).LastText;
        Assert.Contains("OPENAI_MODEL", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("local.settings", seen, StringComparison.Ordinal);
        Assert.DoesNotContain("AzureWebJobsStorage", seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_worker_that_is_killed_in_Code_is_followed_by_another_that_repeats_at_most_one_model_call()
    {
        var hold = new Hold();
        var world = await StartWithHoldAsync(hold, request => request.Tools.Contains("finish") && request.Turn == 2);
        await using var disposing = world;
        using var started = await world.PostAsync("/api/tasks", world.Around.Request("killed"));
        await hold.Reached.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        world.Host.KillWorker();
        hold.Release();

        await AssertCompletedAsync(world, "killed");
        AssertModelCalls(world);
    }

    [Fact]
    public async Task Host_and_worker_that_are_killed_in_Code_go_on_when_they_are_started_again()
    {
        var hold = new Hold();
        var world = await StartWithHoldAsync(hold, request => request.Tools.Contains("finish") && request.Turn == 1);
        await using var disposing = world;
        using var started = await world.PostAsync("/api/tasks", world.Around.Request("killed"));
        await hold.Reached.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        await world.Host.KillAsync();
        hold.Release();
        await world.StartHostAsync();

        await AssertCompletedAsync(world, "killed");
        AssertModelCalls(world);
    }

    [Fact]
    public async Task A_host_that_is_stopped_lets_Code_go_on_at_the_next_turn_with_the_next_start()
    {
        var hold = new Hold();
        var world = await StartWithHoldAsync(hold, request => request.Tools.Contains("finish") && request.Turn == 1);
        await using var disposing = world;
        using var started = await world.PostAsync("/api/tasks", world.Around.Request("stopped"));
        await hold.Reached.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        var stopping = world.Host.StopAsync();
        hold.Release();
        await stopping;
        await world.StartHostAsync();

        await AssertCompletedAsync(world, "stopped");
        AssertModelCalls(world);
    }

    [Fact]
    public async Task A_worker_that_is_killed_in_Commit_is_followed_by_another_and_the_branch_is_pushed_once()
    {
        var hold = new Hold();
        var first = 0;
        var git = new GitServerOptions
        {
            Intercept = async (request, stop) =>
            {
                if (request.Path.EndsWith("git-receive-pack", StringComparison.Ordinal) && Interlocked.Increment(ref first) == 1)
                    await hold.WaitAsync(stop);
                return null;
            },
        };
        await using var world = await FunctionsWorld.StartAsync(git: git, settings: QuickTakeover);
        using var started = await world.PostAsync("/api/tasks", world.Around.Request("killed"));
        await hold.Reached.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        world.Host.KillWorker();
        hold.Release();

        await AssertCompletedAsync(world, "killed");
    }

    [Fact]
    public async Task Starts_that_race_are_one_task_and_messages_that_can_not_be_taken_end_as_they_are_in_the_poison_queue()
    {
        await using var world = await FunctionsWorld.StartAsync();
        var same = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.PostAsync("/api/tasks", world.Around.Request("same"))));
        var other = await Task.WhenAll(Enumerable.Range(0, 4).Select(number => world.PostAsync("/api/tasks", world.Around.Request("other", new { max_iterations = number + 1 }))));
        await world.SendAsync(QueueNames.Tasks, Base64(world.Around.Request("same").ToJsonString()));

        Assert.Equal(1, same.Count(answer => answer.StatusCode == HttpStatusCode.Accepted));
        Assert.Equal(3, same.Count(answer => answer.StatusCode == HttpStatusCode.OK));
        Assert.Equal(1, other.Count(answer => answer.StatusCode == HttpStatusCode.Accepted));
        Assert.Equal(3, other.Count(answer => answer.StatusCode == HttpStatusCode.Conflict));
        await AssertCompletedAsync(world, "same");
        await AssertCompletedAsync(world, "other");

        foreach (var message in new[] { "{\"repo_url\": 1}", world.Around.Request("same", new { intent = "something else" }).ToJsonString(), "not a task" })
        {
            await world.SendAsync(QueueNames.Tasks, Base64(message));
            // The host lays JSON out anew, and versions of its queue extension differ in whether they encode what they put there.
            Assert.Equal(Compact(message), Compact(QueuedRequest.Decode(await world.ReceiveAsync(QueueNames.Poison))));
        }
    }

    private static string Compact(string text) => text.StartsWith('{') ? JsonNode.Parse(text)!.ToJsonString() : text;

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private const string TaskSurroundingsSecret = AiCoder.Testing.Tasks.TaskSurroundings.Secret;

    private static Task<FunctionsWorld> StartWithHoldAsync(Hold hold, Func<ScriptedRequest, bool> here)
    {
        var usual = DemoScript.For(DemoProject.Shell);
        return FunctionsWorld.StartAsync(request => usual(request) with { Gate = here(request) ? hold.WaitAsync() : null }, settings: QuickTakeover);
    }

    private static async Task AssertCompletedAsync(FunctionsWorld world, string id)
    {
        var result = await world.ResultAsync(id);
        Assert.True((string?)result["status"] == "completed", result.ToJsonString());
        Assert.Equal((string?)result["commit_hash"], await world.Around.HeadOfAsync($"ai/{id}"));
        Assert.Equal(1, world.Around.PushesOf($"ai/{id}"));
        // Each event was delivered at least once, and none before the one before it.
        var sequences = world.Around.DeliveriesOf(id).Select(delivery => delivery.Sequence).ToList();
        Assert.Equal(Enumerable.Range(1, 7), sequences.Distinct());
        Assert.Equal(sequences.Order(), sequences);
    }

    // The demo's script is one plan and four turns; the one in flight at the kill may have been asked twice.
    private static void AssertModelCalls(FunctionsWorld world)
    {
        var calls = world.Around.Model.Requests.GroupBy(request => (Plan: !request.Tools.Contains("finish"), request.Turn)).Select(group => group.Count()).ToList();
        Assert.Equal(5, calls.Count);
        Assert.InRange(calls.Sum(), 5, 6);
    }
}
