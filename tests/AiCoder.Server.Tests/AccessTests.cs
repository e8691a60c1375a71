using System.Net;
using System.Text;
using AiCoder.Core.Failures;
using AiCoder.Server.Tests.Infrastructure;
using AiCoder.Testing.Tasks;

namespace AiCoder.Server.Tests;

public sealed class AccessTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("Authorization", "Bearer " + ServedWorld.Key, true)]
    [InlineData("Authorization", "bearer  " + ServedWorld.Key, true)]
    [InlineData("X-API-Key", ServedWorld.Key, true)]
    [InlineData("X-API-Key", ServedWorld.Key + "x", false)]
    [InlineData("X-API-Key", "key-of-the-service-012345678", false)]
    [InlineData("X-API-Key", "", false)]
    [InlineData("Authorization", "Basic " + ServedWorld.Key, false)]
    [InlineData("Authorization", ServedWorld.Key, false)]
    [InlineData("Accept", "text/html", false)]
    public async Task Only_the_key_opens_the_API(string header, string value, bool opens)
    {
        await using var world = await ServedWorld.CreateAsync();
        using var client = ServedWorld.Client(world.Client.BaseAddress!, key: null);
        client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);

        foreach (var path in new[] { "api/tasks", "api/tasks/x", "api/tasks/x/events", "openapi/v1.json", "no/such/path" })
        {
            using var response = await client.GetAsync(path, Cancel);
            Assert.Equal(opens, response.StatusCode != HttpStatusCode.Unauthorized);
            if (opens)
                continue;
            Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
        }

        using var body = new StringContent("{", Encoding.UTF8, "application/json");
        using var post = await client.PostAsync("api/tasks", body, Cancel);
        Assert.Equal(opens ? HttpStatusCode.BadRequest : HttpStatusCode.Unauthorized, post.StatusCode);
    }

    [Theory]
    [InlineData("api/health")]
    [InlineData("api/health/live")]
    [InlineData("api/health/ready")]
    public async Task Health_needs_no_key(string path)
    {
        await using var world = await ServedWorld.CreateAsync();
        using var client = ServedWorld.Client(world.Client.BaseAddress!, key: null);

        Assert.Equal("""{"status":"ok"}""", await client.GetStringAsync(path, Cancel));
    }

    [Theory]
    [InlineData("api/health")]
    [InlineData("api/health/live")]
    [InlineData("api/health/ready")]
    public async Task Health_answers_HEAD_like_GET_and_no_other_method(string path)
    {
        await using var world = await ServedWorld.CreateAsync();
        using var client = ServedWorld.Client(world.Client.BaseAddress!, key: null);

        using var head = await SendAsync(client, HttpMethod.Head, path);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Equal(("application/json", 15), (head.Content.Headers.ContentType?.MediaType, head.Content.Headers.ContentLength));
        foreach (var method in new[] { HttpMethod.Post, HttpMethod.Put, HttpMethod.Delete, HttpMethod.Options })
        {
            using var refused = await SendAsync(client, method, path);
            Assert.Equal((HttpStatusCode.MethodNotAllowed, "application/problem+json"), (refused.StatusCode, refused.Content.Headers.ContentType?.MediaType));
            Assert.Equal(["GET", "HEAD"], refused.Content.Headers.Allow.Order());
        }
    }

    [Fact]
    public async Task A_workspace_that_can_not_be_written_is_not_ready_but_alive()
    {
        await using var world = await ServedWorld.CreateAsync();
        Directory.Delete(world.Around.Workspace, recursive: true);

        var ready = await world.GetAsync("api/health/ready");
        var live = await world.GetAsync("api/health/live");

        using var head = await SendAsync(world.Client, HttpMethod.Head, "api/health");
        Assert.Equal((503, 503, 200), (ready.Status, (int)head.StatusCode, live.Status));
        Assert.DoesNotContain(world.Around.Workspace, ready.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://[::]:0")]
    [InlineData("http://+:0")]
    [InlineData("http://*:0")]
    [InlineData("http://build-server:0")]
    [InlineData("http://127.0.0.1:0;http://10.1.2.3:0")]
    public async Task Without_a_key_nothing_but_loopback_is_listened_on(string urls)
    {
        await using var around = await TaskSurroundings.CreateAsync(cancellationToken: Cancel);
        var setup = ServedWorld.Setup(around);
        setup = setup with { Options = setup.Options with { ServiceKey = null }, Urls = urls };

        var exception = await Assert.ThrowsAsync<FailureException>(() => TaskServer.StartAsync(setup, Cancel));

        Assert.Equal(FailureCodes.Configuration, exception.Failure.Code);
        Assert.Contains("AICODER_API_KEY", exception.Failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://0.0.0.0:0")]
    [InlineData("http://+:0")]
    public async Task With_a_key_every_address_is_listened_on_and_any_name_will_do(string urls)
    {
        await using var around = await TaskSurroundings.CreateAsync(cancellationToken: Cancel);
        await using var server = await TaskServer.StartAsync(ServedWorld.Setup(around) with { Urls = urls }, Cancel);
        using var client = ServedWorld.Client(new Uri($"http://127.0.0.1:{server.Addresses[0].Port}"));
        client.DefaultRequestHeaders.Host = "aicoder.example.com";

        Assert.Contains("tasks", await client.GetStringAsync("api/tasks", Cancel), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://127.0.0.1:0")]
    [InlineData("http://localhost:0")]
    [InlineData("http://[::1]:0")]
    public async Task On_loopback_no_key_is_needed(string urls)
    {
        Assert.SkipWhen(urls.Contains("::1", StringComparison.Ordinal) && !System.Net.Sockets.Socket.OSSupportsIPv6, "This machine has no IPv6.");
        await using var around = await TaskSurroundings.CreateAsync(cancellationToken: Cancel);
        await using var server = await StartWithoutKeyAsync(around, urls);
        using var client = ServedWorld.Client(server.Addresses[0], key: null);

        Assert.Contains("tasks", await client.GetStringAsync("api/tasks", Cancel), StringComparison.Ordinal);
    }

    /// <summary>A page in this machine's browser can send requests to loopback too: by a name that it points here, or across sites.</summary>
    [Theory]
    [InlineData("Host", "rebound.example.com", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "https://evil.example.com", HttpStatusCode.Forbidden)]
    [InlineData("Origin", "null", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "same-site", HttpStatusCode.Forbidden)]
    [InlineData("X-Forwarded-For", "203.0.113.7", HttpStatusCode.Forbidden)]
    [InlineData("Forwarded", "for=203.0.113.7", HttpStatusCode.Forbidden)]
    [InlineData("Via", "1.1 proxy", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "none", HttpStatusCode.OK)]
    [InlineData("Host", "localhost:1234", HttpStatusCode.OK)]
    public async Task Without_a_key_another_sites_page_gets_nothing(string header, string value, HttpStatusCode expected)
    {
        await using var around = await TaskSurroundings.CreateAsync(cancellationToken: Cancel);
        await using var server = await StartWithoutKeyAsync(around, "http://127.0.0.1:0");
        using var client = ServedWorld.Client(server.Addresses[0], key: null);
        client.DefaultRequestHeaders.TryAddWithoutValidation(header, value);

        using var response = await client.GetAsync("api/tasks", Cancel);

        Assert.Equal(expected, response.StatusCode);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string path)
    {
        using var request = new HttpRequestMessage(method, path);
        return await client.SendAsync(request, Cancel);
    }

    private static Task<TaskServer> StartWithoutKeyAsync(TaskSurroundings around, string urls)
    {
        var setup = ServedWorld.Setup(around);
        return TaskServer.StartAsync(setup with { Options = setup.Options with { ServiceKey = null }, Urls = urls }, Cancel);
    }
}
