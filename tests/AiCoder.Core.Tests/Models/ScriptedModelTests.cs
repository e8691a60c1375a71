using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AiCoder.Demo;

namespace AiCoder.Core.Tests.Models;

public sealed class ScriptedModelTests
{
    private static readonly HttpClient Http = new();

    [Fact]
    public async Task It_streams_text_and_tool_calls_and_keeps_the_request()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var model = await ScriptedModel.StartAsync(
            ScriptedModel.InOrder(ScriptedReply.Call("write_file", new() { ["path"] = "说明.md", ["content"] = new string('字', 100) })), cancel);

        var body = new JsonObject
        {
            ["model"] = "m",
            ["stream"] = true,
            ["stream_options"] = new JsonObject { ["include_usage"] = true },
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = "写文件" }),
        };
        using var response = await Http.PostAsJsonAsync(new Uri(model.BaseUrl + "/chat/completions"), body, cancel);
        var text = await response.Content.ReadAsStringAsync(cancel);

        Assert.EndsWith("data: [DONE]\n\n", text, StringComparison.Ordinal);
        Assert.Contains("\"name\":\"write_file\"", text, StringComparison.Ordinal);
        Assert.Contains("\"prompt_tokens\":100", text, StringComparison.Ordinal);
        Assert.Equal("写文件", Assert.Single(model.Requests).LastText);
    }

    [Fact]
    public async Task It_answers_errors_with_Retry_After_and_on_the_path_of_Azure()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var model = await ScriptedModel.StartAsync(_ => ScriptedReply.Error(429, "slow down", retryAfter: "7"), cancel);

        using var response = await Http.PostAsJsonAsync(
            new Uri(model.AzureEndpoint, "openai/deployments/d/chat/completions?api-version=x"), new JsonObject(), cancel);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(7), response.Headers.RetryAfter!.Delta);
        Assert.Equal("/openai/deployments/d/chat/completions?api-version=x", model.Requests[0].Path);
    }

    [Fact]
    public async Task It_cuts_a_connection_in_the_middle_of_a_stream()
    {
        var cancel = TestContext.Current.CancellationToken;
        await using var model = await ScriptedModel.StartAsync(
            _ => ScriptedReply.Say(new string('x', 400)) with { Fault = ScriptedFault.CutInStream }, cancel);

        using var response = await Http.SendAsync(
            new(HttpMethod.Post, new Uri(model.BaseUrl + "/chat/completions")) { Content = JsonContent.Create(new JsonObject { ["stream"] = true }) },
            HttpCompletionOption.ResponseHeadersRead, cancel);

        await Assert.ThrowsAnyAsync<Exception>(() => response.Content.ReadAsStringAsync(cancel));
    }
}
