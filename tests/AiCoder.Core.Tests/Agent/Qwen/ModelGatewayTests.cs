using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using AiCoder.Core.Agent.Qwen;
using AiCoder.Core.Models;
using AiCoder.Core.Tasks;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Agent.Qwen;

public sealed class ModelGatewayTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string SocketPath => _folder["s"];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_question_goes_to_the_owner_in_our_form_and_the_answer_back_in_the_client_s(bool stream)
    {
        ModelRequest? asked = null;
        await using var gateway = await OpenAsync((request, _) =>
        {
            asked = request;
            return Task.FromResult(new ModelAnswer
            {
                Text = "好",
                ToolCalls = [new("c1", "edit", """{"a":"\u4e2d"}"""), new("c2", "read", "{}")],
                Usage = new() { InputTokens = 7, CachedInputTokens = 3, OutputTokens = 2 },
            });
        });
        var body = new JsonObject
        {
            ["model"] = "whatever", ["stream"] = stream, ["temperature"] = 0, ["max_tokens"] = 5,
            ["messages"] = new JsonArray(
                new JsonObject { ["role"] = "system", ["content"] = "sys" },
                new JsonObject { ["role"] = "user", ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = "one" }, new JsonObject { ["type"] = "image_url" }) },
                new JsonObject { ["role"] = "assistant", ["content"] = null, ["tool_calls"] = new JsonArray(new JsonObject { ["id"] = "c0", ["type"] = "function", ["function"] = new JsonObject { ["name"] = "read", ["arguments"] = "{}" } }) },
                new JsonObject { ["role"] = "tool", ["tool_call_id"] = "c0", ["content"] = "text" }),
            ["tools"] = new JsonArray(new JsonObject { ["type"] = "function", ["function"] = new JsonObject { ["name"] = "read", ["parameters"] = new JsonObject { ["type"] = "object" } } }),
        };

        var (status, text) = await AskAsync(gateway.Token, body.ToJsonString());

        Assert.Equal(HttpStatusCode.OK, status);
        Assert.Equal(["sys", "one\n[image_url left out]", null, "text"], asked!.Messages.Select(message => message.Text));
        Assert.Equal("c0", asked.Messages[2].ToolCalls.Single().Id);
        Assert.Equal("c0", asked.Messages[3].ToolCallId);
        Assert.Equal("read", asked.Tools.Single().Name);
        Assert.Contains("好", text, StringComparison.Ordinal);
        if (!stream)
        {
            var answer = JsonNode.Parse(text)!;
            Assert.Equal("tool_calls", (string?)answer["choices"]![0]!["finish_reason"]);
            Assert.Equal(2, answer["choices"]![0]!["message"]!["tool_calls"]!.AsArray().Count);
            Assert.Equal(7, (int?)answer["usage"]!["prompt_tokens"]);
            return;
        }

        var chunks = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line => line["data: ".Length..]).ToList();
        Assert.Equal("[DONE]", chunks[^1]);
        var calls = chunks.SkipLast(1).SelectMany(chunk => JsonNode.Parse(chunk)!["choices"]!.AsArray())
            .SelectMany(choice => choice!["delta"]!["tool_calls"]?.AsArray() ?? []).ToList();
        Assert.Equal([0, 1], calls.Select(call => (int)call!["index"]!));
        Assert.Equal("""{"a":"\u4e2d"}""", (string?)calls[0]!["function"]!["arguments"]);
    }

    [Fact]
    public async Task A_call_that_the_length_limit_cut_through_is_not_handed_on()
    {
        await using var gateway = await OpenAsync((_, _) => Task.FromResult(new ModelAnswer
        {
            FinishReason = "length",
            ToolCalls = [new("c1", "read", "{}"), new("c2", "write_file", """{"content": "half""")],
        }));

        var (_, text) = await AskAsync(gateway.Token, """{"messages":[{"role":"user","content":"x"}]}""");

        var choice = JsonNode.Parse(text)!["choices"]![0]!;
        Assert.Equal("length", (string?)choice["finish_reason"]);
        Assert.Equal("c1", (string?)choice["message"]!["tool_calls"]!.AsArray().Single()!["id"]);
    }

    [Fact]
    public async Task Without_its_token_nothing_is_answered()
    {
        var asked = 0;
        await using var gateway = await OpenAsync((_, _) => Task.FromResult(new ModelAnswer { Text = $"{++asked}" }));

        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync("", "{}")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await AskAsync("guess", "{}")).Status);
        Assert.Equal(0, asked);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"messages":"x"}""")]
    [InlineData("""{"messages":[1]}""")]
    [InlineData("not json")]
    public async Task Garbage_is_refused_and_the_owner_is_not_asked(string body)
    {
        var asked = 0;
        await using var gateway = await OpenAsync((_, _) => Task.FromResult(new ModelAnswer { Text = $"{++asked}" }));

        Assert.Equal(HttpStatusCode.BadRequest, (await AskAsync(gateway.Token, body)).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await AskAsync(gateway.Token, "{}", "/v1/files")).Status);
        Assert.Equal(0, asked);
    }

    [Fact]
    public async Task Questions_are_answered_one_at_a_time()
    {
        var (inside, most) = (0, 0);
        await using var gateway = await OpenAsync(async (_, stop) =>
        {
            most = Math.Max(most, Interlocked.Increment(ref inside));
            await Task.Delay(20, stop);
            Interlocked.Decrement(ref inside);
            return new() { Text = "x" };
        });

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => AskAsync(gateway.Token, """{"messages":[{"role":"user","content":"x"}]}""")));

        Assert.Equal(1, most);
    }

    [Fact]
    public async Task Closing_waits_for_whoever_is_still_answering()
    {
        var (began, ended) = (new TaskCompletionSource(), false);
        var gateway = await OpenAsync(async (_, stop) =>
        {
            began.SetResult();
            await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await Task.Delay(50, CancellationToken.None);
            ended = true;
            stop.ThrowIfCancellationRequested();
            return new();
        });
        var asking = AskAsync(gateway.Token, """{"stream":true,"messages":[{"role":"user","content":"x"}]}""");
        await began.Task;

        await gateway.DisposeAsync();

        Assert.True(ended);
        await Assert.ThrowsAnyAsync<Exception>(() => asking);
    }

    [Fact]
    public async Task Whoever_goes_away_does_not_take_the_question_back()
    {
        var (began, goOn, answered) = (new TaskCompletionSource(), new TaskCompletionSource(), new TaskCompletionSource<bool>());
        await using var gateway = await OpenAsync(async (_, stop) =>
        {
            began.TrySetResult();
            await goOn.Task;
            answered.TrySetResult(!stop.IsCancellationRequested);
            return new() { Text = "paid" };
        });
        var body = """{"stream":true,"messages":[{"role":"user","content":"x"}]}""";
        using (var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await client.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), Cancel);
            await client.SendAsync(
                Encoding.UTF8.GetBytes($"POST /v1/chat/completions HTTP/1.1\r\nHost: g\r\nAuthorization: Bearer {gateway.Token}\r\nContent-Length: {body.Length}\r\n\r\n{body}"), Cancel);
            await began.Task.WaitAsync(Cancel);
        }

        // The next one's turn comes after that of the one that left.
        var next = AskAsync(gateway.Token, body);
        await Task.Delay(200, Cancel);
        Assert.False(next.IsCompleted);
        goOn.SetResult();

        Assert.True(await answered.Task.WaitAsync(Cancel));
        Assert.Equal(HttpStatusCode.OK, (await next).Status);
    }

    [Fact]
    public async Task More_connections_than_an_agent_needs_are_not_kept()
    {
        await using var gateway = await OpenAsync((_, _) => Task.FromResult(new ModelAnswer { Text = "x" }));
        var clients = new List<Socket>();
        try
        {
            foreach (var _ in Enumerable.Range(0, 100))
            {
                clients.Add(new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified));
                await clients[^1].ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), Cancel);
            }

            // The end of a connection that was refused; one that is kept says nothing.
            Assert.Equal(0, await clients[^1].ReceiveAsync(new byte[1], Cancel));
        }
        finally
        {
            clients.ForEach(client => client.Dispose());
        }
    }

    private Task<ModelGateway> OpenAsync(Func<ModelRequest, CancellationToken, Task<ModelAnswer>> answer) =>
        ModelGateway.OpenAsync(SocketPath, "m", answer, TimeProvider.System, Cancel);

    private async Task<(HttpStatusCode Status, string Text)> AskAsync(string token, string body, string path = "/v1/chat/completions")
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, stop) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), stop);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler);
        using var request = new HttpRequestMessage(HttpMethod.Post, "http://gateway" + path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (token.Length > 0)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        using var response = await client.SendAsync(request, Cancel);
        return (response.StatusCode, await response.Content.ReadAsStringAsync(Cancel));
    }
}
