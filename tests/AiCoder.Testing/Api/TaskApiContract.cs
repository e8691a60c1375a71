using System.Globalization;
using System.Text.Json.Nodes;
using AiCoder.Demo;
using AiCoder.Testing.Processes;
using AiCoder.Testing.Tasks;
using Xunit;

namespace AiCoder.Testing.Api;

/// <summary>What the HTTP API does on every host. A host's own tests derive from it.</summary>
public abstract class TaskApiContract
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>
    /// The host's API: with MAX_CONCURRENT_TASKS of at least 3, ALLOWED_NETWORKS that takes in 127.0.0.1, and no webhook or tokens of the
    /// operator's.
    /// </summary>
    protected abstract Task<ApiWorld> CreateWorldAsync(TaskSurroundings around);

    private async Task<ApiWorld> CreateWorldAsync(
        Func<ScriptedRequest, ScriptedReply>? script = null, IReadOnlyDictionary<string, string>? files = null) =>
        await CreateWorldAsync(await TaskSurroundings.CreateAsync(
            script, new GitServerOptions { Authorize = (_, password) => password == ApiWorld.GitToken }, files: files, cancellationToken: Cancel));

    [Fact]
    public async Task A_started_task_is_pushed_and_told_by_ordered_signed_events()
    {
        await using var world = await CreateWorldAsync();
        var id = ApiWorld.NewId();

        var started = await world.StartAsync(world.Request(id, new { metadata = new { ticket = "票-17" } }));
        Assert.True(started.Status == 202, started.ToString());
        Assert.Equal("application/json", started.ContentType);
        Assert.Equal(id, started["task_id"]);
        Assert.EndsWith($"/api/tasks/{id}", started.Location!.OriginalString, StringComparison.Ordinal);
        Assert.Equal(200, (await world.GetAsync(started.Location.OriginalString)).Status);

        var task = await world.EndAsync(id);
        Assert.True((string?)task["status"] == "completed", task.ToJsonString());
        Assert.Equal(await world.Around.HeadOfAsync($"ai/{id}"), (string?)task["commit_hash"]);
        Assert.Equal(1, world.Around.PushesOf($"ai/{id}"));
        Assert.Equal($"ai/{id}", (string?)task["branch"]);
        Assert.Equal("modified: price.sh", (string?)Assert.Single(task["changes"]!.AsArray()));
        Assert.Equal("passed", (string?)task["test_results"]!["verdict"]);
        Assert.True((bool?)task["push_result"]!["pushed"]);
        Assert.Equal(5, (int?)task["usage"]!["turns"]);
        Assert.Equal(1, (int?)task["iterations"]);
        Assert.Equal("票-17", (string?)task["metadata"]!["ticket"]);
        Assert.Equal((100, world.Around.RepositoryUrl, world.Around.Project.Intent), ((int?)task["progress"], (string?)task["repo_url"], (string?)task["intent"]));
        Assert.Empty(task["undelivered_events"]!.AsArray());

        var deliveries = world.Around.DeliveriesOf(id);
        Assert.All(deliveries, delivery => Assert.True(delivery.SignatureValid));
        Assert.Equal(Enumerable.Range(1, deliveries.Count), deliveries.Select(delivery => delivery.Sequence));
        Assert.Equal(
            ["started", "cloning", "analyzing", "coding", "testing", "committing", "completed"],
            deliveries.Select(delivery => delivery.Status).Distinct());
        Assert.Equal(
            deliveries.Select(delivery => (delivery.Sequence, delivery.Status)),
            (await EventsAsync(world, $"api/tasks/{id}/events")).Select(one => ((int)one["data"]!["sequence"]!, (string)one["status"]!)));
    }

    [Fact]
    public async Task A_task_that_has_ended_shows_its_events_changes_and_transcript_and_can_be_deleted()
    {
        await using var world = await CreateWorldAsync();
        var id = await world.StartAsync();
        await world.EndAsync(id);

        var all = await EventsAsync(world, $"api/tasks/{id}/events");
        var later = await EventsAsync(world, $"api/tasks/{id}/events?after=3");
        var diff = await world.GetAsync($"api/tasks/{id}/diff");
        var transcript = await world.GetAsync($"api/tasks/{id}/transcript");
        var badAfter = await world.GetAsync($"api/tasks/{id}/events?after=x");
        var approve = await world.PostAsync($"api/tasks/{id}/approve", """{"approved":true}""");
        var message = await world.PostAsync($"api/tasks/{id}/messages", """{"text":"too late"}""");
        var cancel = await world.PostAsync($"api/tasks/{id}/cancel");

        Assert.Equal(all.Skip(3).Select(one => one.ToJsonString()), later.Select(one => one.ToJsonString()));
        Assert.Equal((200, "text/x-diff"), (diff.Status, diff.ContentType));
        await AssertAppliesAsync(world, diff.Text);
        Assert.Equal((200, "application/x-ndjson"), (transcript.Status, transcript.ContentType));
        Assert.Contains("edit_file", transcript.Text, StringComparison.Ordinal);
        Assert.All(transcript.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries), line => Assert.IsType<JsonObject>(JsonNode.Parse(line)));
        Assert.Equal(400, badAfter.Status);
        Assert.Equal((409, 409, 409), (approve.Status, message.Status, cancel.Status));

        Assert.True(world.HasWorkspace(id));
        Assert.Equal((204, ""), (await world.DeleteAsync($"api/tasks/{id}")) is var deleted ? (deleted.Status, deleted.Text) : default);
        Assert.False(world.HasWorkspace(id));
        Assert.Equal(404, (await world.GetAsync($"api/tasks/{id}")).Status);
        Assert.Equal(404, (await world.DeleteAsync($"api/tasks/{id}")).Status);
    }

    [Fact]
    public async Task A_task_that_reached_a_limit_shows_its_patch_and_what_it_cost()
    {
        var plan = DemoScript.For(DemoProject.Shell);
        await using var world = await CreateWorldAsync(request => (request.Tools.Count, request.Turn) switch
        {
            (0, _) => plan(request),
            (_, 0) => DemoScript.Code(DemoProject.Shell, 1),
            _ => ScriptedReply.Call("write_file", new() { ["path"] = $"notes-{request.Turn}.txt", ["content"] = "more\n" }),
        });
        var id = await world.StartAsync(new { limits = new { max_tokens = 500 } });

        var task = await world.EndAsync(id);

        var diff = await world.GetAsync($"api/tasks/{id}/diff");
        Assert.Equal(("failed", "limit_tokens"), ((string?)task["status"], (string?)task["error"]!["code"]));
        Assert.Null(await world.Around.HeadOfAsync($"ai/{id}"));
        Assert.Equal(200, diff.Status);
        await AssertAppliesAsync(world, diff.Text);
        Assert.Equal(120L * world.Around.Model.Requests.Count, (long?)task["usage"]!["total_tokens"]);
        var events = await EventsAsync(world, $"api/tasks/{id}/events");
        Assert.Equal(120L, (long?)events.First(one => (string?)one["status"] == "coding")["data"]!["usage"]!["total_tokens"]);
        Assert.Equal(task["usage"]!.ToJsonString(), events[^1]["data"]!["usage"]!.ToJsonString());
    }

    [Fact]
    public async Task The_same_request_again_is_the_same_task_and_another_is_a_conflict_that_names_what_differs()
    {
        await using var world = await CreateWorldAsync();
        var id = ApiWorld.NewId();
        Assert.Equal(202, (await world.StartAsync(world.Request(id))).Status);

        var whileItRuns = await world.StartAsync(world.Request(id));
        var other = await world.StartAsync(world.Request(id, new { intent = "Something else." }));
        var otherKey = world.Request(id);
        otherKey["api_key"] = "another-key-of-the-caller";
        var withOtherKey = await world.StartAsync(otherKey);
        await world.EndAsync(id);
        var afterItsEnd = await world.StartAsync(world.Request(id));

        Assert.Equal(200, whileItRuns.Status);
        Assert.Equal((409, "intent"), (other.Status, (string?)Assert.Single(other.Json["differences"]!.AsArray())));
        Assert.Contains("intent", other["detail"], StringComparison.Ordinal);
        Assert.Equal((409, "api_key"), (withOtherKey.Status, (string?)Assert.Single(withOtherKey.Json["differences"]!.AsArray())));
        Assert.DoesNotContain("another-key-of-the-caller", withOtherKey.Text, StringComparison.Ordinal);
        Assert.Equal((200, "completed"), (afterItsEnd.Status, afterItsEnd["status"]));
        Assert.EndsWith($"/api/tasks/{id}", afterItsEnd.Location!.OriginalString, StringComparison.Ordinal);
        Assert.Equal(1, world.Around.PushesOf($"ai/{id}"));
    }

    [Fact]
    public async Task Of_two_different_requests_that_race_for_an_id_one_is_taken_and_one_is_a_conflict()
    {
        await using var world = await CreateWorldAsync();
        var id = ApiWorld.NewId();

        var replies = await Task.WhenAll(
            world.StartAsync(world.Request(id, new { intent = "One." })), world.StartAsync(world.Request(id, new { intent = "Another." })));

        Assert.Equal([202, 409], replies.Select(reply => reply.Status).Order());
        var taken = replies.Single(reply => reply.Status == 202);
        Assert.Equal(taken["intent"], (await world.GetAsync($"api/tasks/{id}"))["intent"]);
        await world.EndAsync(id);
    }

    [Fact]
    public async Task Equal_requests_that_race_are_one_task_and_one_push()
    {
        await using var world = await CreateWorldAsync();
        var id = ApiWorld.NewId();

        var replies = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => world.StartAsync(world.Request(id))));
        var task = await world.EndAsync(id);

        Assert.Equal([200, 200, 200, 202], replies.Select(reply => reply.Status).Order());
        Assert.Equal("completed", (string?)task["status"]);
        Assert.Equal(1, world.Around.PushesOf($"ai/{id}"));
        var sequences = world.Around.DeliveriesOf(id).Select(delivery => delivery.Sequence).ToList();
        Assert.Equal(Enumerable.Range(1, sequences.Count), sequences);
    }

    [Fact]
    public async Task What_is_wrong_with_a_request_is_named_field_by_field()
    {
        await using var world = await CreateWorldAsync();

        await AssertRefusedAsync("{\"repo_url\": ", "not valid JSON");
        await AssertRefusedAsync("[]", "JSON object");
        await AssertRefusedAsync("", "");
        await AssertRefusedAsync("{}", "repo_url", "intent");
        await AssertRefusedAsync("""{"repo_url":"https://example.com/a.git","intent":"x","repos":1,"limits":{"max_cost":1}}""", "repos", "limits.max_cost");
        await AssertRefusedAsync("""{"repo_url":"https://example.com/a.git","intent":7}""", "intent");
        await AssertRefusedAsync("""{"task_id":"../x","repo_url":"https://example.com/a.git","intent":"x"}""", "task_id");
        await AssertRefusedAsync("""{"repo_url":"ftp://example.com/a.git","intent":"x","approval":"maybe"}""", "repo_url", "approval");
        await AssertRefusedAsync("""{"repo_url":"https://10.0.0.1/a.git","intent":"x","webhook_url":"http://169.254.169.254/"}""", "repo_url", "webhook_url");

        async Task AssertRefusedAsync(string body, params string[] named)
        {
            var reply = await world.PostAsync("api/tasks", body);
            Assert.True(reply.Status == 400, $"{body}: {reply}");
            foreach (var name in named)
                Assert.Contains(name, reply["detail"], StringComparison.Ordinal);
            if (named.Length > 1)
                Assert.Superset(named.ToHashSet(), reply.Json["errors"]!.AsArray().Select(error => (string)error!["field"]!).ToHashSet());
        }
    }

    [Theory]
    [InlineData("no-such-task")]
    [InlineData("a%20b")]
    [InlineData("%2e%2e%2fetc")]
    public async Task There_is_nothing_under_an_id_that_is_not_there(string id)
    {
        await using var world = await CreateWorldAsync();

        foreach (var part in new[] { "", "/events", "/diff", "/transcript" })
            Assert.Equal(404, (await world.GetAsync($"api/tasks/{id}{part}")).Status);
        foreach (var part in new[] { "/cancel", "/approve" })
            Assert.Equal(404, (await world.PostAsync($"api/tasks/{id}{part}")).Status);
        Assert.Equal(404, (await world.PostAsync($"api/tasks/{id}/messages", """{"text":"hello"}""")).Status);
        Assert.Equal(404, (await world.DeleteAsync($"api/tasks/{id}")).Status);
    }

    [Theory]
    [InlineData("plan", true)]
    [InlineData("plan", false)]
    [InlineData("changes", true)]
    [InlineData("changes", false)]
    public async Task A_task_waits_for_approval_and_does_what_the_answer_says(string kind, bool approved)
    {
        await using var world = await CreateWorldAsync();
        var id = await world.StartAsync(new { approval = kind });

        await world.UntilAsync(id, "awaiting_approval");
        await world.Around.Receiver.WaitForAsync(_ => world.Around.DeliveriesOf(id).Any(delivery => delivery.Status == "awaiting_approval"), Cancel);
        var asked = world.Around.DeliveriesOf(id)[^1].Json["data"]!;
        Assert.Equal(kind, (string?)asked["kind"]);
        Assert.NotNull(asked[kind]);
        var codingBefore = world.Around.Model.Requests.Count(request => request.Tools.Count > 0);
        Assert.Equal(kind == "plan", codingBefore == 0);
        Assert.Null(await world.Around.HeadOfAsync($"ai/{id}"));

        foreach (var (silent, named) in new[] { (null, "approved"), ("{}", "approved"), ("""{"comment":"no!"}""", "approved"), ("""{"approved":null}""", "approved"), ("""{"approved":"yes"}""", "approved"), ("""{"aproved":true}""", "aproved") })
            await AssertNamesAsync(world, $"api/tasks/{id}/approve", silent, named);
        Assert.Equal("awaiting_approval", (await world.GetAsync($"api/tasks/{id}"))["status"]);
        var answer = approved
            ? await world.PostAsync($"api/tasks/{id}/approve", """{"approved":true}""")
            : await world.PostAsync($"api/tasks/{id}/approve", """{"approved":false,"comment":"Not like this."}""");
        var task = await world.EndAsync(id);

        Assert.Equal(202, answer.Status);
        Assert.Equal(approved ? "completed" : "failed", (string?)task["status"]);
        Assert.Equal(approved, await world.Around.HeadOfAsync($"ai/{id}") is not null);
        if (!approved)
        {
            Assert.Equal("approval_refused", (string?)task["error"]!["code"]);
            Assert.Equal($"The {kind} {(kind == "plan" ? "was" : "were")} refused. Not like this.", (string?)task["error"]!["message"]);
        }
    }

    [Fact]
    public async Task A_running_task_hears_a_message_at_its_next_turn_and_nothing_that_does_not_fit()
    {
        const string message = "顺便保留旧的函数 (keep the old function)";
        var hold = new Hold();
        await using var world = await CreateWorldAsync(request => Script(request, message, hold));
        var id = await world.StartAsync();
        await hold.Reached.WaitAsync(Cancel);

        var approve = await world.PostAsync($"api/tasks/{id}/approve", """{"approved":true}""");
        await AssertNamesAsync(world, $"api/tasks/{id}/messages", """{"text":5}""", "text");
        await AssertNamesAsync(world, $"api/tasks/{id}/cancel", """{"reason":["x"]}""", "reason");
        var empty = await world.PostAsync($"api/tasks/{id}/messages", """{"text":" "}""");
        var unknown = await world.PostAsync($"api/tasks/{id}/messages", """{"txt":"hello"}""");
        var delete = await world.DeleteAsync($"api/tasks/{id}");
        var sent = await world.PostAsync($"api/tasks/{id}/messages", $$"""{"text":"{{message}}"}""");
        hold.Release();
        var task = await world.EndAsync(id);
        var transcript = await world.GetAsync($"api/tasks/{id}/transcript");

        Assert.Equal((409, 400, 400, 409), (approve.Status, empty.Status, unknown.Status, delete.Status));
        Assert.True(sent.Status == 202, sent.ToString());
        Assert.True((string?)task["status"] == "completed", task.ToJsonString());
        Assert.Contains(message, transcript.Text, StringComparison.Ordinal);
        Assert.Contains(world.Around.Model.Requests, request => request.Messages.Any(
            one => (string?)one["role"] == "user" && ScriptedRequest.TextOf(one).Contains(message, StringComparison.Ordinal)));

        // Looks about until it hears the message, and only then does its work.
        static ScriptedReply Script(ScriptedRequest request, string message, Hold hold)
        {
            if (!request.Tools.Contains("finish"))
                return DemoScript.Plan(DemoProject.Shell);
            if (request.Turn == 0)
                return DemoScript.Code(DemoProject.Shell, 0) with { Gate = hold.WaitAsync() };
            if (request.AllText.Contains(message, StringComparison.Ordinal))
                return DemoScript.Code(DemoProject.Shell, request.Messages.Any(IsEdit) ? 3 : 1);
            return request.Turn < 60
                ? ScriptedReply.Call("read_file", new JsonObject { ["path"] = "price.sh", ["start_line"] = request.Turn }) with { Delay = TimeSpan.FromMilliseconds(100) }
                : ScriptedReply.Error(400, "The message did not come.");
        }

        static bool IsEdit(JsonObject one) => one["tool_calls"] is JsonArray calls && calls.Any(call => (string?)call!["function"]!["name"] == "edit_file");
    }

    [Fact]
    public async Task Cancel_ends_a_running_command_within_seconds_and_nothing_is_pushed()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux shows other processes.");
        // No other process of this machine has these arguments.
        var seconds = string.Create(CultureInfo.InvariantCulture, $"600.{Random.Shared.Next(100_000_000, 999_999_999)}");
        await using var world = await CreateWorldAsync(request => request.Tools.Contains("finish")
            ? ScriptedReply.Call("run_command", new JsonObject { ["command"] = $"sleep {seconds}; true", ["timeout_seconds"] = 600 })
            : DemoScript.Plan(DemoProject.Shell));
        var id = await world.StartAsync();
        await ApiWorld.EventuallyAsync(() => Task.FromResult(ProcessList.Has("sleep", seconds) ? seconds : null), () => "The command did not start.");

        var cancel = await world.PostAsync($"api/tasks/{id}/cancel", """{"reason":"changed our mind"}""");
        var accepted = TimeProvider.System.GetTimestamp();
        while (ProcessList.Has("sleep", seconds))
        {
            // Two by its word, ten minutes by the command's own; a loaded machine gets ten times our word and some more.
            Assert.InRange(TimeProvider.System.GetElapsedTime(accepted).TotalSeconds, 0, 30);
            await Task.Delay(20, Cancel);
        }

        var task = await world.EndAsync(id);
        Assert.True(cancel.Status == 202, cancel.ToString());
        Assert.Equal("cancelled", (string?)task["status"]);
        Assert.Null(await world.Around.HeadOfAsync($"ai/{id}"));
        Assert.Equal("cancelled", world.Around.DeliveriesOf(id)[^1].Status);
        var again = await world.PostAsync($"api/tasks/{id}/cancel");
        Assert.Equal((200, "cancelled"), (again.Status, again["status"]));
    }

    [Fact]
    public async Task The_list_has_every_task_once_page_by_page()
    {
        var hold = new Hold();
        await using var world = await CreateWorldAsync(request => DemoScript.For(DemoProject.Shell)(request) with { Gate = hold.WaitAsync() });
        var ids = new[] { await world.StartAsync(), await world.StartAsync(), await world.StartAsync() };

        var seen = new List<string>();
        string? cursor = null;
        do
        {
            var page = await world.GetAsync($"api/tasks?limit=2{(cursor is null ? "" : $"&cursor={Uri.EscapeDataString(cursor)}")}");
            Assert.True(page.Status == 200, page.ToString());
            var tasks = page.Json["tasks"]!.AsArray();
            Assert.InRange(tasks.Count, 0, 2);
            Assert.All(tasks, task => Assert.NotNull(task!["status"]));
            seen.AddRange(tasks.Select(task => (string)task!["task_id"]!));
            cursor = page["next"];
        }
        while (cursor is not null);

        Assert.All(ids, id => Assert.Single(seen, one => one == id));
        Assert.Equal(400, (await world.GetAsync("api/tasks?limit=0")).Status);
        Assert.Equal(400, (await world.GetAsync("api/tasks?limit=many")).Status);
        Assert.Equal(400, (await world.GetAsync("api/tasks?cursor=%21no%21")).Status);
        Assert.Equal(400, (await world.GetAsync("api/tasks?cursor=bm90aGluZw")).Status);
        foreach (var id in ids)
            Assert.Equal(202, (await world.PostAsync($"api/tasks/{id}/cancel")).Status);
        foreach (var id in ids)
            await world.UntilAsync(id, "cancelled");
    }

    [Fact]
    public async Task The_service_says_that_it_is_well()
    {
        await using var world = await CreateWorldAsync();

        var health = await world.GetAsync("api/health");

        Assert.Equal((200, "ok"), (health.Status, health["status"]));
        foreach (var path in new[] { "api/health", "api/health/live", "api/health/ready" })
        {
            using var head = new HttpRequestMessage(HttpMethod.Head, path);
            using var response = await world.Client.SendAsync(head, Cancel);
            Assert.Equal(200, (int)response.StatusCode);
            Assert.Empty(await response.Content.ReadAsByteArrayAsync(Cancel));
        }
    }

    private static async Task<IReadOnlyList<JsonObject>> EventsAsync(ApiWorld world, string path)
    {
        var reply = await world.GetAsync(path);
        Assert.True(reply.Status == 200, reply.ToString());
        return [.. reply.Json["events"]!.AsArray().Select(one => one!.AsObject())];
    }

    private static async Task AssertNamesAsync(ApiWorld world, string path, string? body, string field)
    {
        var reply = await world.PostAsync(path, body);
        Assert.True(reply.Status == 400, $"{body}: {reply}");
        var error = Assert.Single(reply.Json["errors"]!.AsArray())!;
        Assert.Equal(field, (string?)error["field"]);
        Assert.Contains(field, (string?)error["message"], StringComparison.Ordinal);
    }

    /// <summary>The patch makes of the base what was pushed.</summary>
    private static async Task AssertAppliesAsync(ApiWorld world, string patch)
    {
        var copy = world.Around.Folder["copy"];
        await GitProgram.RunAsync(world.Around.Folder.Root, "clone", "--quiet", world.Around.BareRepository(), copy);
        await File.WriteAllTextAsync(Path.Combine(copy, "the.patch"), patch, Cancel);
        await GitProgram.RunAsync(copy, "apply", "the.patch");
        Assert.Contains("-ge 100", await File.ReadAllTextAsync(Path.Combine(copy, "price.sh"), Cancel), StringComparison.Ordinal);
    }
}
