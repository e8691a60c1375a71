using System.Globalization;
using System.Net;
using System.Net.Sockets;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Core.Models;
using AiCoder.Core.Network;
using AiCoder.Core.Tasks;
using AiCoder.Demo;
using Azure.Core;

namespace AiCoder.Core.Tests.Models;

public sealed class ModelClientTests
{
    private const string Key = "sk-operator-key-0001";
    // A loaded machine takes a second or two for an answer that is there.
    private static readonly ModelTimeouts Patient = new()
    {
        FirstByte = TimeSpan.FromSeconds(30), Idle = TimeSpan.FromSeconds(30), Total = TimeSpan.FromSeconds(60),
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_answer_is_put_together_from_the_pieces_of_its_stream()
    {
        var arguments = """{"path":"文档/说明.md","content":"长长的内容，分成许多小块，再拼回去。 \u0022引号\u0022 and a tail that is long enough to be cut"}""";
        var (answer, request) = await AskAsync(new ScriptedReply
        {
            Text = "先写说明文件。",
            Reasoning = "the user wants a file",
            ToolCalls = [new("write_file", arguments), new("finish", "{}")],
            Usage = new(1000, 50, CachedTokens: 800),
        });

        Assert.Equal("先写说明文件。", answer.Text);
        Assert.Equal([("write_file", arguments), ("finish", "{}")], answer.ToolCalls.Select(call => (call.Name, call.Arguments)));
        Assert.Equal("tool_calls", answer.FinishReason);
        Assert.Equal(new Usage { Turns = 1, InputTokens = 1000, CachedInputTokens = 800, OutputTokens = 50 }, answer.Usage);
        Assert.Equal("Bearer " + Key, request.Headers["Authorization"]);
        Assert.Equal("/v1/chat/completions", request.Path);
        Assert.True(request.Stream);
        Assert.Null(request.Body["temperature"]);
    }

    [Fact]
    public async Task An_endpoint_that_repeats_our_key_does_not_put_it_into_the_answer()
    {
        var escaped = Key.Replace("-", "\\u002d", StringComparison.Ordinal);
        var (answer, _) = await AskAsync(new ScriptedReply
        {
            Text = $"your key is {Key}",
            ToolCalls = [new("finish", $$"""{"summary":"{{Key}}"}"""), new("finish", $$"""{"summary":"登录 {{escaped}}"}""")],
        });

        Assert.Equal("your key is [redacted]", answer.Text);
        Assert.Equal(["""{"summary":"[redacted]"}""", """{"summary":"登录 [redacted]"}"""], answer.ToolCalls.Select(call => call.Arguments));
    }

    [Fact]
    public async Task An_answer_without_an_end_is_cut_off()
    {
        var failure = await FailAsync(new ScriptedReply { Body = "data: " + new string('x', 70 << 20) }, new() { FirstByte = TimeSpan.FromSeconds(30), Idle = TimeSpan.FromSeconds(30) });

        Assert.Equal(FailureCodes.ModelUnusable, failure.Code);
        Assert.Contains("more than 64 MB", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_endpoint_that_tells_no_usage_gets_an_estimate_that_says_so()
    {
        var (answer, _) = await AskAsync(ScriptedReply.Say("twelve chars") with { Usage = null });

        Assert.True(answer.Usage.Estimated);
        Assert.Equal(3, answer.Usage.OutputTokens);
        Assert.InRange(answer.Usage.InputTokens, 1, 50);
    }

    [Fact]
    public async Task An_answer_that_is_not_streamed_although_asked_is_taken_too()
    {
        var (answer, _) = await AskAsync(new ScriptedReply { Text = "all at once", IgnoreStream = true, Usage = new(5, 3) });

        Assert.Equal("all at once", answer.Text);
        Assert.Equal(5, answer.Usage.InputTokens);
    }

    [Fact]
    public async Task A_known_model_has_its_cost()
    {
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedReply.Say("x") with { Usage = new(1_000_000, 100_000, 500_000) }, Cancel);

        var answer = await Client(model.BaseUrl, model: "gpt-4o-2024-11-20").CompleteAsync(Question(), Cancel);

        Assert.Equal(1.25m + 0.625m + 1m, answer.Usage.CostUsd);
    }

    [Theory]
    [InlineData(401, "bad key", FailureCodes.InvalidToken, "OPENAI_API_KEY")]
    [InlineData(403, "no access", FailureCodes.Forbidden, "may not use")]
    [InlineData(402, "no money", FailureCodes.Forbidden, "credit")]
    [InlineData(404, "no such model", FailureCodes.ModelUnusable, "OPENAI_BASE_URL")]
    [InlineData(400, "unsupported value", FailureCodes.ModelUnusable, "unsupported value")]
    [InlineData(500, "oops", FailureCodes.ServerError, "oops")]
    [InlineData(529, "overloaded", FailureCodes.ServerError, "overloaded")]
    [InlineData(429, "slow down", FailureCodes.RateLimited, "slow down")]
    [InlineData(429, "You exceeded your current quota (insufficient_quota)", FailureCodes.Forbidden, "quota")]
    [InlineData(307, "elsewhere", FailureCodes.Configuration, "redirect")]
    public async Task A_refusal_has_its_own_code_and_says_what_to_do(int status, string said, string code, string advice)
    {
        var failure = await FailAsync(ScriptedReply.Error(status, said + " " + Key));

        Assert.Equal(code, failure.Code);
        Assert.Contains(advice, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Key, failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    public async Task The_wait_that_an_endpoint_asks_for_is_handed_up(int status) =>
        Assert.Equal(7, (await FailAsync(ScriptedReply.Error(status, "later", retryAfter: "7"))).RetryAfter);

    [Fact]
    public async Task A_wait_may_be_a_date()
    {
        var until = DateTimeOffset.UtcNow.AddSeconds(100);
        var failure = await FailAsync(ScriptedReply.Error(429, "later", retryAfter: until.ToString("R", CultureInfo.InvariantCulture)));

        Assert.InRange(failure.RetryAfter!.Value, 30, 101);
    }

    [Fact]
    public async Task A_failure_is_one_request_only()
    {
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedReply.Error(500), Cancel);

        await Assert.ThrowsAsync<FailureException>(() => Client(model.BaseUrl).CompleteAsync(Question(), Cancel));

        Assert.Single(model.Requests);
    }

    [Fact]
    public async Task A_conversation_that_is_too_long_is_told_apart()
    {
        await using var model = await ScriptedModel.StartAsync(
            _ => ScriptedReply.Error(400, "This model's maximum context length is 32768 tokens", "context_length_exceeded"), Cancel);

        await Assert.ThrowsAsync<ContextTooLongException>(() => Client(model.BaseUrl).CompleteAsync(Question(), Cancel));
    }

    [Theory]
    [InlineData(ScriptedFault.StallBeforeHeaders, FailureCodes.Timeout, "said nothing")]
    [InlineData(ScriptedFault.StallAfterHeaders, FailureCodes.Timeout, "said nothing")]
    [InlineData(ScriptedFault.StallInStream, FailureCodes.Timeout, "fell silent")]
    [InlineData(ScriptedFault.CutBeforeHeaders, FailureCodes.Reset, "broke off")]
    [InlineData(ScriptedFault.CutInStream, FailureCodes.Reset, "broke off")]
    [InlineData(ScriptedFault.EndEarly, FailureCodes.Reset, "broke off")]
    public async Task What_goes_wrong_on_the_wire_is_retryable(ScriptedFault fault, string code, string words)
    {
        var timeouts = fault switch
        {
            ScriptedFault.StallBeforeHeaders or ScriptedFault.StallAfterHeaders => Patient with { FirstByte = TimeSpan.FromSeconds(1) },
            ScriptedFault.StallInStream => Patient with { Idle = TimeSpan.FromSeconds(1) },
            _ => Patient,
        };
        var failure = await FailAsync(ScriptedReply.Say(new string('x', 400)) with { Fault = fault }, timeouts);

        Assert.Equal(code, failure.Code);
        Assert.True(failure.Retryable);
        Assert.Contains(words, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_goes_on_for_ever_is_cut()
    {
        var failure = await FailAsync(
            ScriptedReply.Say("x") with { Delay = TimeSpan.FromSeconds(60) },
            new() { FirstByte = TimeSpan.FromMinutes(1), Total = TimeSpan.FromMilliseconds(500) });

        Assert.Equal(FailureCodes.Timeout, failure.Code);
    }

    [Fact]
    public async Task Cancelling_is_no_failure()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await using var model = await ScriptedModel.StartAsync(
            _ =>
            {
                cancel.CancelAfter(100);
                return ScriptedReply.Say("x") with { Fault = ScriptedFault.StallInStream };
            },
            Cancel);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Client(model.BaseUrl, timeouts: new()).CompleteAsync(Question(), cancel.Token));
    }

    [Theory]
    [InlineData("<html>welcome</html>")]
    [InlineData("data: not json\n\n")]
    [InlineData("data: [1,2]\n\n")]
    public async Task What_is_no_answer_at_all_is_model_unusable(string body) =>
        Assert.Equal(FailureCodes.ModelUnusable, (await FailAsync(ScriptedReply.Raw(body))).Code);

    [Theory]
    [InlineData("""{"error":{"message":"rate_limit_exceeded"}}""", FailureCodes.RateLimited)]
    [InlineData("""{"error":{"message":"the server had an error"}}""", FailureCodes.ServerError)]
    public async Task An_error_in_the_middle_of_a_stream_is_a_failure(string chunk, string code) =>
        Assert.Equal(code, (await FailAsync(ScriptedReply.Raw($"data: {{\"choices\":[{{\"delta\":{{\"content\":\"a\"}}}}]}}\n\ndata: {chunk}\n\n"))).Code);

    [Fact]
    public async Task Calls_without_index_or_id_are_told_apart()
    {
        var (answer, _) = await AskAsync(ScriptedReply.Raw(
            """
            data: {"choices":[{"delta":{"tool_calls":[{"id":"a","function":{"name":"read_file","arguments":"{\"path\":"}}]}}]}

            data: {"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"\"x\"}"}}]}}]}

            data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"b","function":{"name":"finish","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}


            """));

        Assert.Equal([("a", "read_file", """{"path":"x"}"""), ("b", "finish", "{}")], answer.ToolCalls.Select(call => (call.Id, call.Name, call.Arguments)));
    }

    [Fact]
    public async Task An_endpoint_that_refuses_stream_options_is_asked_without()
    {
        await using var model = await ScriptedModel.StartAsync(
            request => request.Body["stream_options"] is null ? ScriptedReply.Say("fine") : ScriptedReply.Error(400, "Unknown field: stream_options"), Cancel);

        var answer = await Client(model.BaseUrl).CompleteAsync(Question(), Cancel);

        Assert.Equal("fine", answer.Text);
        Assert.True(answer.Usage.Estimated);
    }

    [Fact]
    public async Task A_closed_port_is_refused()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        var exception = await Assert.ThrowsAsync<FailureException>(
            () => Client(new Uri($"http://127.0.0.1:{port}/v1")).CompleteAsync(Question(), Cancel));

        Assert.Equal(FailureCodes.Refused, exception.Failure.Code);
        Assert.Contains("OPENAI_BASE_URL", exception.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Azure_is_asked_on_its_own_path_with_its_key()
    {
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedReply.Call("finish", []), Cancel);
        using var factory = Factory(Options(model.BaseUrl) with { AzureOpenAiEndpoint = model.AzureEndpoint, AzureOpenAiApiKey = "azure-key" });

        var answer = await factory.Create(Spec("my-deployment"), TaskSecrets.None).CompleteAsync(Question(), Cancel);

        Assert.Equal("finish", Assert.Single(answer.ToolCalls).Name);
        Assert.Equal("/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21", model.Requests[0].Path);
        Assert.Equal("azure-key", model.Requests[0].Headers["api-key"]);
        Assert.Equal(120, answer.Usage.TotalTokens);
    }

    [Fact]
    public async Task Azure_is_asked_with_a_token_where_there_is_no_key()
    {
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedReply.Say("ok"), Cancel);
        var credential = new FixedCredential();
        using var factory = new ModelClientFactory(
            Options(model.BaseUrl) with { AzureOpenAiEndpoint = model.AzureEndpoint }, new AddressGuard(Options(model.BaseUrl)), TimeProvider.System,
            Patient, azureCredential: () => credential);

        await factory.Create(Spec("d"), TaskSecrets.None).CompleteAsync(Question(), Cancel);

        Assert.Equal("Bearer azure-token", model.Requests[0].Headers["Authorization"]);
        Assert.Equal(["https://cognitiveservices.azure.com/.default"], credential.Scopes);
    }

    [Fact]
    public void The_operators_key_never_goes_to_a_callers_address()
    {
        var options = Options(new Uri("https://operator.example/v1"));
        var spec = Spec("m") with { BaseUrl = "https://caller.example/v1" };

        var exception = Assert.Throws<FailureException>(() => ModelEndpointResolver.Resolve(options, spec, TaskSecrets.None));
        var endpoint = ModelEndpointResolver.Resolve(options, spec, new() { ApiKey = "callers" });

        Assert.Equal(FailureCodes.Configuration, exception.Failure.Code);
        Assert.Equal(("callers", AddressTrust.Caller), (endpoint.Key, endpoint.Trust));
        Assert.Equal(Key, ModelEndpointResolver.Resolve(options, Spec("m"), new() { ApiKey = "callers" }).Key);
    }

    [Fact]
    public async Task A_callers_private_address_is_not_connected_to()
    {
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedReply.Say("x"), Cancel);
        using var factory = Factory(Options(new Uri("https://operator.example/v1")));
        var client = factory.Create(Spec("m") with { BaseUrl = model.BaseUrl.ToString() }, new() { ApiKey = "callers" });

        var exception = await Assert.ThrowsAsync<FailureException>(() => client.CompleteAsync(Question(), Cancel));

        Assert.Equal(FailureCodes.AddressNotAllowed, exception.Failure.Code);
        Assert.Empty(model.Requests);
    }

    private static async Task<(ModelAnswer Answer, ScriptedRequest Request)> AskAsync(ScriptedReply reply)
    {
        await using var model = await ScriptedModel.StartAsync(_ => reply, Cancel);
        return (await Client(model.BaseUrl).CompleteAsync(Question(), Cancel), model.Requests[0]);
    }

    private static async Task<Failure> FailAsync(ScriptedReply reply, ModelTimeouts? timeouts = null)
    {
        await using var model = await ScriptedModel.StartAsync(_ => reply, Cancel);
        return (await Assert.ThrowsAsync<FailureException>(() => Client(model.BaseUrl, timeouts: timeouts).CompleteAsync(Question(), Cancel))).Failure;
    }

    private static ModelClient Client(Uri address, string model = "m", ModelTimeouts? timeouts = null) =>
        Factory(Options(address), timeouts).Create(Spec(model), TaskSecrets.None);

    private static ModelClientFactory Factory(AiCoderOptions options, ModelTimeouts? timeouts = null) =>
        new(options, new AddressGuard(options), TimeProvider.System, timeouts ?? Patient);

    private static AiCoderOptions Options(Uri address) => new() { ApiKey = Key, BaseUrl = address, WorkspaceDir = "/nowhere", StateDir = "/nowhere" };

    private static TaskSpec Spec(string model) => new() { TaskId = "t", RepoUrl = "x", Intent = "x", WorkBranch = "ai/t", Model = model };

    private static ModelRequest Question() => new() { Messages = [ChatMessage.System("be brief"), ChatMessage.User("你好")] };

    private sealed class FixedCredential : TokenCredential
    {
        public List<string> Scopes { get; } = [];

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Scopes.AddRange(requestContext.Scopes);
            return new("azure-token", DateTimeOffset.MaxValue);
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));
    }
}
