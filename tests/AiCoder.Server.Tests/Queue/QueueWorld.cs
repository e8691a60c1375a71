using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using AiCoder.Core.Configuration;
using AiCoder.Server.Queue;
using AiCoder.Testing;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;

namespace AiCoder.Server.Tests.Queue;

/// <summary>An account with the queue, and servers that read it, each with a journal of its own. The tasks only say that they ran.</summary>
internal sealed class QueueWorld : IAsyncDisposable
{
    // A message that a killed server had taken is unseen for 60 s, and then there is still its task to run, on a machine that may do much else.
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(5);

    private readonly TemporaryFolder _folder = new();
    private readonly List<QueueServer> _servers = [];
    private readonly ConcurrentQueue<string> _ran = [];

    public QueueWorld(string connectionString)
    {
        ConnectionString = connectionString;
        Storage = QueueStorage.Open(OptionsOf("nobody"));
        // As a client of Azure's portal or of another SDK would.
        Storage.Tasks.CreateIfNotExists();
        Storage.Poison.CreateIfNotExists();
        Storage.Claims.CreateIfNotExists();
    }

    public static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public string ConnectionString { get; }

    public QueueStorage Storage { get; }

    /// <summary>The runs of tasks: server and task.</summary>
    public IReadOnlyList<string> Ran => [.. _ran];

    /// <summary>The tasks that ran, as often as they did, in order of their names.</summary>
    public IReadOnlyList<string> Tasks => [.. _ran.Select(run => run.Split(' ')[1]).Order(StringComparer.Ordinal)];

    /// <summary>Awaited by every task before it ends.</summary>
    public Task UntilEnd { get; set; } = Task.CompletedTask;

    public static string Request(string? taskId, string intent = "添加登录功能", object? further = null)
    {
        var request = new JsonObject { ["repo_url"] = "https://git.example.com/g/p.git", ["intent"] = intent };
        if (taskId is not null)
            request["task_id"] = taskId;
        foreach (var (name, value) in further is null ? [] : System.Text.Json.JsonSerializer.SerializeToNode(further)!.AsObject())
            request[name] = value?.DeepClone();
        return request.ToJsonString();
    }

    public Task SendAsync(string text) => Storage.Tasks.SendMessageAsync(text, Cancellation);

    /// <summary>A server that reads the queue, on the journal of that name.</summary>
    public async Task<QueueServer> StartAsync(string name, int maxConcurrent = 4, QueueStorage? storage = null)
    {
        var server = Open(name, maxConcurrent);
        await server.ReadQueueAsync(storage ?? Storage);
        return server;
    }

    /// <summary>The same, which does not read the queue yet.</summary>
    public QueueServer Open(string name, int maxConcurrent = 4)
    {
        var server = OpenUnlisted(name, maxConcurrent);
        _servers.Add(server);
        return server;
    }

    /// <summary>The same, which its user ends.</summary>
    public QueueServer OpenUnlisted(string name, int maxConcurrent = 4) =>
        new(name, OptionsOf(name, maxConcurrent), async (taskId, stop) =>
        {
            _ran.Enqueue($"{name} {taskId}");
            await UntilEnd.WaitAsync(stop);
        });

    public AiCoderOptions OptionsOf(string name, int maxConcurrent = 4) => new()
    {
        WorkspaceDir = _folder[name],
        StateDir = _folder[name, "state"],
        ApiKey = "sk-of-the-operator",
        MaxConcurrentTasks = maxConcurrent,
        QueueStorage = new() { ConnectionString = ConnectionString },
    };

    /// <summary>Waits until the queue holds nothing more, seen or unseen.</summary>
    public Task EmptyAsync() => IsTrueAsync(async () => await CountAsync(Storage.Tasks) == 0, "the queue is empty");

    /// <summary>The texts in the poison queue, in order of arrival.</summary>
    public async Task<IReadOnlyList<string>> PoisonAsync()
    {
        PeekedMessage[] messages = await Storage.Poison.PeekMessagesAsync(32, Cancellation);
        return [.. messages.Select(message => message.MessageText)];
    }

    public async Task<bool> IsClaimedAsync(string taskId) => await Storage.Claims.GetBlobClient(taskId).ExistsAsync(Cancellation);

    public static async Task<int> CountAsync(QueueClient queue)
    {
        QueueProperties properties = await queue.GetPropertiesAsync(Cancellation);
        return properties.ApproximateMessagesCount;
    }

    public static Task IsTrueAsync(Func<bool> condition, string what) => IsTrueAsync(() => Task.FromResult(condition()), what);

    public static async Task IsTrueAsync(Func<Task<bool>> condition, string what)
    {
        using var bound = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        bound.CancelAfter(Bound);
        while (!await condition())
        {
            Assert.False(bound.IsCancellationRequested, $"It did not come to this: {what}.");
            await Task.Delay(20, Cancellation);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var server in _servers)
            await server.DisposeAsync();
        _folder.Dispose();
    }
}
