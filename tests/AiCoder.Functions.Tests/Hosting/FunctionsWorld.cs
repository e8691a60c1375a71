using System.Net.Http.Json;
using System.Text.Json.Nodes;
using AiCoder.Demo;
using AiCoder.Testing;
using AiCoder.Testing.Tasks;
using Azure.Storage.Queues;

namespace AiCoder.Functions.Tests.Hosting;

/// <summary>The app on a real Functions host, on a real Azurite, with a repository, a scripted model and a webhook receiver around it.</summary>
internal sealed class FunctionsWorld : IAsyncDisposable
{
    private static readonly TimeSpan EndBound = TimeSpan.FromMinutes(5);

    private readonly Azurite _azurite;
    private readonly Dictionary<string, string> _environment;

    private FunctionsWorld(Azurite azurite, string account, TaskSurroundings around)
    {
        (_azurite, Account, Around) = (azurite, account, around);
        _environment = around.NewEnvironment();
        _environment["AzureWebJobsStorage"] = account;
        // A service takes a caller's address only where it is public or the operator allows it; here all is on loopback.
        _environment["ALLOWED_NETWORKS"] = "127.0.0.0/8";
    }

    public TaskSurroundings Around { get; }
    public FunctionsHostProcess Host { get; private set; } = null!;

    /// <summary>The storage account's connection string.</summary>
    public string Account { get; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>Starts everything, or skips the test where there is no host.</summary>
    public static async Task<FunctionsWorld> StartAsync(
        Func<ScriptedRequest, ScriptedReply>? script = null, GitServerOptions? git = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        if (FunctionsHostProcess.Program is null)
            Assert.Skip(FunctionsHostProcess.Missing);
        if (Azurite.Program is null)
            Assert.Skip(Azurite.Missing);
        var azurite = await Azurite.StartAsync([], Stop);
        var around = await TaskSurroundings.CreateAsync(script, git, cancellationToken: Stop);
        var world = new FunctionsWorld(azurite, azurite.NewAccount(), around);
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
            world._environment[name] = value;
        await world.StartHostAsync();
        return world;
    }

    /// <summary>Starts the host, also again after a kill.</summary>
    public async Task StartHostAsync() => Host = await FunctionsHostProcess.StartAsync(_environment, Stop);

    public async Task<HttpResponseMessage> PostAsync(string path, JsonNode body) =>
        await Host.Client.PostAsJsonAsync(new Uri(path, UriKind.Relative), body, Stop);

    public async Task<JsonObject> GetAsync(string path) =>
        (await Host.Client.GetFromJsonAsync<JsonObject>(new Uri(path, UriKind.Relative), Stop))!;

    /// <summary>Puts a message into the queue, as it is.</summary>
    public async Task SendAsync(string queue, string message)
    {
        var client = Queue(queue);
        await client.CreateIfNotExistsAsync(cancellationToken: Stop);
        await client.SendMessageAsync(message, Stop);
    }

    /// <summary>Waits until the queue holds a message, and takes it.</summary>
    public async Task<string> ReceiveAsync(string queue)
    {
        string? text = null;
        await UntilAsync(async () =>
        {
            var client = Queue(queue);
            return await client.ExistsAsync(Stop) && (text = (await client.ReceiveMessageAsync(cancellationToken: Stop)).Value?.Body.ToString()) is not null;
        }, $"{queue} stays empty");
        return text!;
    }

    /// <summary>Waits for a task's end and returns its result.</summary>
    public async Task<JsonObject> ResultAsync(string taskId)
    {
        JsonObject? result = null;
        await UntilAsync(async () =>
        {
            using var answer = await Host.Client.GetAsync(new Uri($"/api/tasks/{taskId}", UriKind.Relative), Stop);
            result = answer.IsSuccessStatusCode ? await answer.Content.ReadFromJsonAsync<JsonObject>(Stop) : null;
            return result?["status"]?.GetValue<string>() is "completed" or "failed" or "cancelled";
        }, $"task {taskId} does not end");
        return result!;
    }

    public async Task UntilAsync(Func<Task<bool>> reached, string otherwise)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        bound.CancelAfter(EndBound);
        try
        {
            while (!await reached())
                await Task.Delay(200, bound.Token);
        }
        catch (OperationCanceledException) when (!Stop.IsCancellationRequested)
        {
            Assert.Fail($"After {EndBound.TotalMinutes} minutes {otherwise}. The host's log ends:\n{Host.Log[^Math.Min(Host.Log.Length, 6000)..]}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Around.DisposeAsync();
        await _azurite.DisposeAsync();
    }

    private QueueClient Queue(string name) => new(Account, name, new QueueClientOptions { MessageEncoding = QueueMessageEncoding.None });
}
