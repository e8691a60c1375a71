using AiCoder.Core.Failures;
using AiCoder.Demo;
using Azure.Core;

namespace AiCoder.Core.Tests.Agent;

/// <summary>A whole task's turns with tools through the client libraries of Azure OpenAI and OpenAI, as their endpoints speak.</summary>
public sealed class AzureTests
{
    private const string Path = "/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21";

    [Fact]
    public async Task A_task_is_done_on_Azure_with_its_key()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Configure(options => options with { AzureOpenAiEndpoint = agent.Model.AzureEndpoint, AzureOpenAiApiKey = "azure-key-0001" });

        await DoAsync(agent, request =>
        {
            Assert.Equal(Path, request.Path);
            Assert.Equal("azure-key-0001", request.Headers["api-key"]);
            Assert.False(request.Headers.ContainsKey("Authorization"));
        });
    }

    [Fact]
    public async Task A_task_is_done_on_Azure_with_a_token_of_the_credential()
    {
        await using var agent = await AgentFixture.CreateAsync();
        var credential = new OneToken();
        agent.AzureCredential = credential;
        agent.Configure(options => options with { AzureOpenAiEndpoint = agent.Model.AzureEndpoint });

        await DoAsync(agent, request =>
        {
            Assert.Equal(Path, request.Path);
            Assert.Equal("Bearer azure-token-0001", request.Headers["Authorization"]);
            Assert.False(request.Headers.ContainsKey("api-key"));
        });
        Assert.All(credential.Scopes, scope => Assert.Equal("https://cognitiveservices.azure.com/.default", scope));
        Assert.NotEmpty(credential.Scopes);
    }

    [Fact]
    public async Task A_task_is_done_on_an_endpoint_in_OpenAIs_form()
    {
        await using var agent = await AgentFixture.CreateAsync();

        await DoAsync(agent, request =>
        {
            Assert.Equal("/v1/chat/completions", request.Path);
            Assert.Equal("Bearer sk-operator-0001", request.Headers["Authorization"]);
        });
    }

    [Fact]
    public async Task A_rate_limit_of_Azure_is_one_request_and_its_wait_is_handed_up()
    {
        await using var agent = await AgentFixture.CreateAsync();
        agent.Configure(options => options with { AzureOpenAiEndpoint = agent.Model.AzureEndpoint, AzureOpenAiApiKey = "azure-key-0001" });
        agent.Script(ScriptedReply.Error(429, "Requests to the ChatCompletions_Create Operation have exceeded call rate limit", retryAfter: "2"));

        var exception = await Assert.ThrowsAsync<FailureException>(() => agent.CodeAsync());

        Assert.Equal(("rate_limited", 2d), (exception.Failure.Code, exception.Failure.RetryAfter!.Value));
        Assert.Single(agent.Model.Requests);
    }

    // Four turns: several calls at once, an error that is mended, a command, the end. Every request has the same address and login.
    private static async Task DoAsync(AgentFixture agent, Action<ScriptedRequest> isRight)
    {
        agent.Spec = agent.Spec with { Model = "my-deployment" };
        agent.Script(
            ScriptedReply.Calls(("read_file", new() { ["path"] = "src/calc.py" }), ("read_file", new() { ["path"] = "nowhere.txt" })),
            AgentFixture.Fix() with { Text = "找到了", Reasoning = "a minus" },
            AgentFixture.Run("cat src/calc.py"),
            AgentFixture.Finish("加法已修好"));

        var output = await agent.CodeAsync();

        Assert.Equal((true, "加法已修好"), (output.Done, output.Summary));
        Assert.Equal(["modified: src/calc.py"], output.Changes);
        Assert.Equal((4, 400L, 80L, false), (output.Usage.Turns, output.Usage.InputTokens, output.Usage.OutputTokens, output.Usage.Estimated));
        Assert.Equal(4, agent.Model.Requests.Count);
        Assert.All(agent.Model.Requests, isRight);
        Assert.All(agent.Model.Requests, request => Assert.Equal(9, request.Tools.Count));
        Assert.Contains("return a + b", agent.Model.Requests[3].LastText, StringComparison.Ordinal);
    }

    private sealed class OneToken : TokenCredential
    {
        public List<string> Scopes { get; } = [];

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Scopes.AddRange(requestContext.Scopes);
            return new("azure-token-0001", DateTimeOffset.UtcNow.AddHours(1));
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
            new(GetToken(requestContext, cancellationToken));
    }
}
