using System.Net;
using System.Text;
using AiCoder.Core.Api;
using AiCoder.Core.Tasks;
using AiCoder.Server.Tests.Infrastructure;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace AiCoder.Server.Tests;

public sealed class LimitTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_body_that_is_too_large_is_refused(bool lengthIsSaid)
    {
        await using var world = await ServedWorld.CreateAsync();
        var body = Encoding.UTF8.GetBytes(new string(' ', TaskRequestReader.LargestRequest + 1));
        using var content = lengthIsSaid ? (HttpContent)new ByteArrayContent(body) : new StreamContent(new Unmeasured(body));
        content.Headers.ContentType = new("application/json");

        using var response = await world.Client.PostAsync("api/tasks", content, Cancel);

        Assert.Equal((HttpStatusCode)413, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        // The largest that is taken is read, and found to be no request.
        using var fits = new ByteArrayContent(body[1..]);
        fits.Headers.ContentType = new("application/json");
        using var read = await world.Client.PostAsync("api/tasks", fits, Cancel);
        Assert.Equal(HttpStatusCode.BadRequest, read.StatusCode);
    }

    [Fact]
    public async Task Whoever_asks_too_often_is_told_when_to_come_back_and_health_is_not_counted()
    {
        await using var world = await ServedWorld.CreateAsync(environment: new Dictionary<string, string> { ["REQUESTS_PER_MINUTE"] = "3" });
        using var stranger = ServedWorld.Client(world.Client.BaseAddress!, "a-wrong-key-0123456789");

        using var refused = await UntilRefusedAsync(world.Client, HttpStatusCode.OK);
        for (var request = 0; request < 10; request++)
            Assert.Equal(200, (await world.GetAsync("api/health")).Status);
        // The stranger's requests are his own: the key's holder is not shut out by him, nor he let in by her.
        using var refusedToo = await UntilRefusedAsync(stranger, HttpStatusCode.Unauthorized);

        Assert.Equal("application/problem+json", refused.Content.Headers.ContentType?.MediaType);
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);

        static async Task<HttpResponseMessage> UntilRefusedAsync(HttpClient client, HttpStatusCode taken)
        {
            var begin = TimeProvider.System.GetTimestamp();
            for (var asked = 0; ; asked++)
            {
                var answer = await client.GetAsync("api/tasks", Cancel);
                if (answer.StatusCode == HttpStatusCode.TooManyRequests)
                {
                    // Three, and three more for each minute that a slow machine took.
                    Assert.InRange(asked, 3, 3 * (1 + (int)TimeProvider.System.GetElapsedTime(begin).TotalMinutes));
                    return answer;
                }

                Assert.Equal(taken, answer.StatusCode);
                answer.Dispose();
            }
        }
    }

    [Theory]
    [InlineData("GET", "api/nothing", 404)]
    [InlineData("GET", "", 404)]
    [InlineData("PUT", "api/tasks", 405)]
    [InlineData("GET", "api/tasks/x/cancel", 405)]
    public async Task A_path_or_method_that_is_not_there_is_a_problem(string method, string path, int status)
    {
        await using var world = await ServedWorld.CreateAsync();
        using var request = new HttpRequestMessage(new(method), path);

        using var response = await world.Client.SendAsync(request, Cancel);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(status == 405, response.Content.Headers.Allow.Count > 0);
        Assert.DoesNotContain("Server", response.Headers.Select(header => header.Key));
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/x-www-form-urlencoded")]
    [InlineData(null)]
    public async Task A_body_that_is_not_called_JSON_is_refused(string? contentType)
    {
        await using var world = await ServedWorld.CreateAsync();
        using var content = new ByteArrayContent("{}"u8.ToArray());
        content.Headers.ContentType = contentType is null ? null : new(contentType);

        using var response = await world.Client.PostAsync("api/tasks", content, Cancel);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
    }

    [Theory]
    [InlineData("99999999999999999999999")]
    [InlineData("-1")]
    [InlineData("x")]
    public async Task A_cursor_of_somebody_elses_is_the_callers_mistake(string cursor)
    {
        await using var world = await ServedWorld.CreateAsync();

        Assert.Equal(400, (await world.GetAsync($"api/tasks?cursor={cursor}")).Status);
    }

    [Fact]
    public async Task A_body_that_is_no_UTF8_is_refused()
    {
        await using var world = await ServedWorld.CreateAsync();
        using var content = new ByteArrayContent([.. "{\"intent\":\""u8, 0xC3, 0x28, .. "\"}"u8]);
        content.Headers.ContentType = new("application/json");

        using var response = await world.Client.PostAsync("api/tasks", content, Cancel);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("UTF-8", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistake_of_the_services_shows_nothing_of_its_inside()
    {
        await using var world = await ServedWorld.CreateAsync(setup: made => made with
        {
            AddServices = services => services.Replace(ServiceDescriptor.Singleton<ITaskHost, BrokenHost>()),
        });

        var reply = await world.GetAsync("api/tasks");

        Assert.Equal(500, reply.Status);
        Assert.DoesNotContain("inside", reply.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", reply.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", true)]
    [InlineData("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", false)]
    [InlineData("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01", false)]
    [InlineData("not a trace", false)]
    [InlineData(null, false)]
    public async Task The_trace_that_a_request_belongs_to_is_kept_with_its_task(string? traceParent, bool kept)
    {
        var taken = new RecordingHost();
        await using var recorded = await ServedWorld.CreateAsync(setup: made => made with { AddServices = services => services.Replace(ServiceDescriptor.Singleton<ITaskHost>(taken)) });
        if (traceParent is not null)
            recorded.Client.DefaultRequestHeaders.TryAddWithoutValidation("traceparent", traceParent);
        // The client would send a trace of its own where it listens to one.
        Assert.Null(System.Diagnostics.Activity.Current);

        await recorded.StartAsync(recorded.Request("traced"));

        // One that can't be taken counts as none, and a task without one begins its own.
        Assert.Equal(kept, taken.Accepted!.Spec.TraceParent == traceParent);
        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$", taken.Accepted.Spec.TraceParent);
    }

    /// <summary>A stream whose length nobody knows before its end.</summary>
    private sealed class Unmeasured(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;
    }

    private class BrokenHost : ITaskHost
    {
        public virtual Task<StartOutcome> StartAsync(AcceptedTask task, CancellationToken cancellationToken) => throw Broken();

        public Task<TaskRecord?> GetAsync(string taskId, CancellationToken cancellationToken) => throw Broken();

        public Task<TaskPage> ListAsync(int limit, string? cursor, CancellationToken cancellationToken) => throw Broken();

        public Task<IReadOnlyList<TaskEvent>> GetEventsAsync(string taskId, int after, CancellationToken cancellationToken) => throw Broken();

        public Task<CancelOutcome> CancelAsync(string taskId, string? reason, CancellationToken cancellationToken) => throw Broken();

        public Task<SendOutcome> ApproveAsync(string taskId, ApprovalDecision decision, CancellationToken cancellationToken) => throw Broken();

        public Task<SendOutcome> SendMessageAsync(string taskId, string text, CancellationToken cancellationToken) => throw Broken();

        public Task<DeleteOutcome> DeleteAsync(string taskId, CancellationToken cancellationToken) => throw Broken();

        public Task CheckAsync(CancellationToken cancellationToken) => throw Broken();

        protected static InvalidOperationException Broken() => new("what is inside");
    }

    private sealed class RecordingHost : BrokenHost
    {
        public AcceptedTask? Accepted { get; private set; }

        public override Task<StartOutcome> StartAsync(AcceptedTask task, CancellationToken cancellationToken)
        {
            Accepted = task;
            throw Broken();
        }
    }
}
