using System.Text;
using System.Text.Json.Nodes;
using AiCoder.Testing.Tasks;
using Xunit;

namespace AiCoder.Testing.Api;

/// <summary>
/// A host's HTTP API, and what its tasks need. Requests bring their own model endpoint, webhook, keys and tokens, so that one host
/// can serve many worlds; every answer is looked through for those secrets.
/// </summary>
/// <param name="around">Git server, model, webhook receiver. Disposed of with this world.</param>
/// <param name="client">With the host's address, and its key where it wants one. Disposed of with this world.</param>
/// <param name="workspaceDir">The host's WORKSPACE_DIR.</param>
/// <param name="stopAsync">Stops what belongs to this world alone.</param>
public sealed class ApiWorld(TaskSurroundings around, HttpClient client, string workspaceDir, Func<ValueTask> stopAsync) : IAsyncDisposable
{
    /// <summary>What the git server wants as a password.</summary>
    public const string GitToken = "git-token-of-the-caller-5b1e";
    public const string ModelKey = "model-key-of-the-caller-77aa";

    // A host that starts up, or a machine that does much else, takes its time.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(100);

    public TaskSurroundings Around => around;
    public HttpClient Client => client;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>An id that no other test uses.</summary>
    public static string NewId() => $"t-{Guid.NewGuid():n}"[..20];

    /// <summary>A request for the repository, with secrets of its own.</summary>
    public JsonObject Request(string taskId, object? further = null)
    {
        var request = around.Request(taskId, further);
        request["base_url"] = around.Model.BaseUrl.AbsoluteUri;
        request["api_key"] = ModelKey;
        request["webhook_url"] = around.Receiver.Url.AbsoluteUri;
        request["webhook_secret"] = TaskSurroundings.Secret;
        request["credentials"] = new JsonObject { ["username"] = "git", ["token"] = GitToken };
        return request;
    }

    public Task<ApiReply> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    public Task<ApiReply> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path, null);

    /// <param name="path">Relative to the host.</param>
    /// <param name="json">The body; null: none.</param>
    public Task<ApiReply> PostAsync(string path, string? json = null) => SendAsync(HttpMethod.Post, path, json);

    public Task<ApiReply> StartAsync(JsonObject request) => PostAsync("api/tasks", request.ToJsonString());

    /// <summary>Starts a task and returns its id.</summary>
    public async Task<string> StartAsync(object? further = null)
    {
        var id = NewId();
        var started = await StartAsync(Request(id, further));
        Assert.True(started.Status == 202, started.ToString());
        return id;
    }

    /// <summary>Waits until a task's document is as wanted.</summary>
    public async Task<JsonObject> UntilAsync(string taskId, Func<JsonObject, bool> wanted)
    {
        ApiReply? reply = null;
        return await EventuallyAsync(
            async () =>
            {
                reply = await GetAsync($"api/tasks/{taskId}");
                Assert.True(reply.Status == 200, reply.ToString());
                return wanted(reply.Json) ? reply.Json : null;
            },
            () => $"The task did not get there: {reply}");
    }

    /// <summary>Waits until a task has a status.</summary>
    public async Task<JsonObject> UntilAsync(string taskId, string status)
    {
        var task = await UntilAsync(taskId, json => (string?)json["status"] == status || HasEnded(json));
        Assert.True((string?)task["status"] == status, $"Not {status}: {task.ToJsonString()}");
        return task;
    }

    /// <summary>Waits for a task's end.</summary>
    public Task<JsonObject> EndAsync(string taskId) => UntilAsync(taskId, HasEnded);

    /// <summary>Waits until something is there.</summary>
    public static async Task<T> EventuallyAsync<T>(Func<Task<T?>> find, Func<string> problem)
        where T : class
    {
        var begin = TimeProvider.System.GetTimestamp();
        while (true)
        {
            if (await find() is { } found)
                return found;
            if (TimeProvider.System.GetElapsedTime(begin) > Patience)
                Assert.Fail(problem());
            await Task.Delay(PollEvery, Cancel);
        }
    }

    /// <summary>Whether anything of a task is kept under WORKSPACE_DIR.</summary>
    public bool HasWorkspace(string taskId) => Directory.Exists(Path.Combine(workspaceDir, taskId));

    public async ValueTask DisposeAsync()
    {
        client.Dispose();
        await stopAsync();
        await around.DisposeAsync();
    }

    private static bool HasEnded(JsonObject task) => task.ContainsKey("ended_at");

    private async Task<ApiReply> SendAsync(HttpMethod method, string path, string? json)
    {
        using var request = new HttpRequestMessage(method, path);
        if (json is not null)
            request.Content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await client.SendAsync(request, Cancel);
        var reply = new ApiReply(
            (int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, await response.Content.ReadAsStringAsync(Cancel), response.Headers.Location);

        foreach (var secret in new[] { GitToken, ModelKey, TaskSurroundings.Secret })
            Assert.DoesNotContain(secret, reply.Text + reply.Location, StringComparison.Ordinal);
        if (reply.Status >= 400)
            AssertProblem(reply);
        return reply;
    }

    private static void AssertProblem(ApiReply reply)
    {
        Assert.True(reply.ContentType == "application/problem+json", reply.ToString());
        Assert.Equal(reply.Status, (int?)reply.Json["status"]);
        Assert.False(string.IsNullOrEmpty(reply["title"]), reply.ToString());
        Assert.False(string.IsNullOrEmpty(reply["detail"]), reply.ToString());
    }
}
