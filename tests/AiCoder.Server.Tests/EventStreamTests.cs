using System.Net;
using System.Text.Json.Nodes;
using AiCoder.Demo;
using AiCoder.Server.Tests.Infrastructure;
using AiCoder.Testing;
using AiCoder.Testing.Api;
using AiCoder.Testing.Tasks;

namespace AiCoder.Server.Tests;

public sealed class EventStreamTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Events_come_as_they_happen_and_the_stream_ends_after_the_last()
    {
        var hold = new Hold();
        await using var world = await ServedWorld.CreateAsync(HeldAtTheThirdTurn(hold));
        var id = await world.StartAsync();

        using var stream = await SseReader.OpenAsync(world.Client, id);
        Assert.Equal("text/event-stream", stream.Response.Content.Headers.ContentType?.MediaType);
        var events = new List<SseEvent>();
        // The task stands still in its coding: these have come while it runs.
        while (events.Count == 0 || events[^1].Name != "coding")
            events.Add((await stream.NextAsync())!);
        Assert.NotEqual("completed", (await world.GetAsync($"api/tasks/{id}"))["status"]);
        hold.Release();
        events.AddRange(await stream.RestAsync());

        Assert.Equal("completed", events[^1].Name);
        Assert.Equal(Enumerable.Range(1, events.Count), events.Select(one => one.Id));
        var listed = (await world.GetAsync($"api/tasks/{id}/events")).Json["events"]!.AsArray();
        Assert.Equal(listed.Select(one => one!.ToJsonString()), events.Select(one => one.Data.ToJsonString()));
        Assert.All(events, one => Assert.Equal((one.Id, one.Name), ((int)one.Data["data"]!["sequence"]!, (string)one.Data["status"]!)));
    }

    [Fact]
    public async Task A_stream_goes_on_after_the_last_event_that_the_client_has()
    {
        await using var world = await ServedWorld.CreateAsync();
        var id = await world.StartAsync();
        await world.EndAsync(id);

        using var whole = await SseReader.OpenAsync(world.Client, id);
        var all = await whole.RestAsync();
        using var resumed = await SseReader.OpenAsync(world.Client, id, lastEventId: 4);
        using var nothingMore = await SseReader.OpenAsync(world.Client, id, lastEventId: all.Count);

        Assert.Equal(all.Skip(4).Select(one => one.Id), (await resumed.RestAsync()).Select(one => one.Id));
        // A browser comes back for ever otherwise.
        Assert.Equal(HttpStatusCode.NoContent, nothingMore.Response.StatusCode);
    }

    [Fact]
    public async Task A_stream_that_can_not_be_opened_is_a_problem()
    {
        await using var world = await ServedWorld.CreateAsync();

        using var unknown = await SseReader.OpenAsync(world.Client, "no-such-task");
        Assert.Equal((HttpStatusCode.NotFound, "application/problem+json"), (unknown.Response.StatusCode, unknown.Response.Content.Headers.ContentType?.MediaType));
        var id = await world.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"api/tasks/{id}/events");
        request.Headers.Accept.ParseAdd("text/event-stream");
        request.Headers.Add("Last-Event-ID", "abc");
        using var bad = await world.Client.SendAsync(request, Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
        // The caller wrote no 'after'.
        var problem = JsonNode.Parse(await bad.Content.ReadAsStringAsync(Cancel))!;
        Assert.Equal("Last-Event-ID", (string?)problem["errors"]![0]!["field"]);
        Assert.StartsWith("Last-Event-ID is 'abc'", (string?)problem["detail"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_stream_says_that_it_is_alive_and_ends_in_good_order_when_the_server_stops()
    {
        var hold = new Hold();
        var around = await TaskSurroundings.CreateAsync(HeldAtTheThirdTurn(hold), cancellationToken: Cancel);
        var server = await TaskServer.StartAsync(ServedWorld.Setup(around) with { KeepAlive = TimeSpan.FromMilliseconds(50), StopBound = TimeSpan.FromMinutes(1) }, Cancel);
        await using var world = new ApiWorld(around, ServedWorld.Client(server.Addresses[0]), around.Workspace, server.DisposeAsync);
        var id = await world.StartAsync();
        await hold.Reached.WaitAsync(Cancel);
        using var stream = await SseReader.OpenAsync(world.Client, id);
        await stream.CommentAsync();

        var stopping = server.StopAsync();
        var rest = await stream.RestAsync();
        hold.Release();
        await stopping;

        // Ended, not broken off: reading on would have thrown.
        Assert.DoesNotContain(rest, one => one.Name == "completed");
    }

    [Fact]
    public async Task Clients_that_go_away_leave_nothing_behind()
    {
        var hold = new Hold();
        await using var world = await ServedWorld.CreateAsync(HeldAtTheThirdTurn(hold));
        var id = await world.StartAsync();

        for (var client = 0; client < 20; client++)
        {
            using var stream = await SseReader.OpenAsync(world.Client, id);
            Assert.NotNull(await stream.NextAsync());
        }

        hold.Release();
        using var last = await SseReader.OpenAsync(world.Client, id);
        Assert.Equal("completed", (await last.RestAsync())[^1].Name);
    }

    private static Func<ScriptedRequest, ScriptedReply> HeldAtTheThirdTurn(Hold hold)
    {
        var script = DemoScript.For(DemoProject.Shell);
        return request => script(request) with { Gate = request.Turn == 2 ? hold.WaitAsync() : null };
    }
}
