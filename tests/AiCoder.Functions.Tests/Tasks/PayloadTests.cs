using System.Text.Json;
using AiCoder.Core;
using AiCoder.Core.Tasks;
using AiCoder.Functions.Orchestration;
using AiCoder.Functions.Tasks;
using AiCoder.Functions.Tests.Infrastructure;
using AiCoder.Testing.Workflows;

namespace AiCoder.Functions.Tests.Tasks;

/// <summary>What crosses to the task hub: it comes back as it was, and holds no secret.</summary>
public sealed class PayloadTests
{
    [Fact]
    public void The_hosts_own_payloads_come_back_as_they_were()
    {
        var spec = new Scenario().Spec with { TraceParent = "00-a-b-01", Paths = ["src/中文"], Metadata = new() { ["ticket"] = 42 } };
        AssertRoundTrip(new OrchestrationInput(spec, new("request", "token=ab"), "a.1", "start"));
        AssertRoundTrip(new ActivityCall("a", "start", "a.1", "00-a-b-01", JsonSerializer.SerializeToElement(new { intent = "添加" }, AiCoderJson.Options)));
        AssertRoundTrip(new ActivityCall("a", "start", null, null, null));
        AssertRoundTrip(new ActivityAnswer { Interrupted = true });
        AssertRoundTrip(new ActivityAnswer { Output = JsonSerializer.SerializeToElement(new[] { 1, 2 }) });
        AssertRoundTrip(new MailboxState { Cancelled = true, Messages = [new(1, "第一条"), new(2, "two")] });
        AssertRoundTrip(new MailboxState());
    }

    [Fact]
    public void Chinese_text_crosses_as_itself() =>
        Assert.Contains("添加登录功能", JsonSerializer.Serialize(new OrchestrationInput(new Scenario().Spec, new("", ""), null, ""), AiCoderJson.Options), StringComparison.Ordinal);

    [Fact]
    public async Task No_secret_of_a_request_is_in_anything_that_the_hub_is_given()
    {
        using var fixture = new HostFixture();
        var request = $$"""
            {"task_id": "a", "repo_url": "https://user:url-password-0123456789@git.example.com/g/p.git", "intent": "use glpat-abcdefghij0123456789 for it",
             "gitlab_api_token": "glpat-abcdefghij0123456789", "webhook_url": "https://hook.example.com/x", "webhook_secret": "webhook-secret-0123456789",
             "metadata": {"note": "glpat-abcdefghij0123456789"}, "base_url": "https://model.example.com/v1", "api_key": "sk-model-key-0123456789"}
            """;
        string[] secrets = ["url-password-0123456789", "glpat-abcdefghij0123456789", "webhook-secret-0123456789", "sk-model-key-0123456789", "operators-key-0123456789"];
        var answer = await fixture.Api.StartAsync(request, null, HostFixture.Stop);
        Assert.Equal(202, answer.Status);
        var input = JsonSerializer.Deserialize<OrchestrationInput>(Assert.Single(fixture.Hub.Written), AiCoderJson.Options)!;

        var payloads = new List<string>();
        var scenario = new Scenario { Spec = input.Spec, Further = _ => new object() };
        var (result, _) = ReplayingHost.Run(scenario, (context, _) => CodingOrchestrator.RunAsync(new RecordedOrchestration(context, input, payloads)));
        payloads.AddRange(fixture.Hub.Written);
        payloads.Add(JsonSerializer.Serialize(result, AiCoderJson.Options));
        payloads.Add(answer.Body);

        Assert.True(payloads.Count > 20);
        Assert.All(payloads, payload => Assert.All(secrets, secret => Assert.DoesNotContain(secret, payload, StringComparison.Ordinal)));
    }

    private static void AssertRoundTrip<T>(T value)
    {
        var json = JsonSerializer.Serialize(value, AiCoderJson.Options);
        Assert.Equal(json, JsonSerializer.Serialize(JsonSerializer.Deserialize<T>(json, AiCoderJson.Options), AiCoderJson.Options));
    }
}
