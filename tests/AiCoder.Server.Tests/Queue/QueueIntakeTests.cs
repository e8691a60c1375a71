using System.Text;
using AiCoder.Core.Api;
using AiCoder.Core.Tasks;
using AiCoder.Server.Queue;
using AiCoder.Testing;
using Azure.Core.Pipeline;
using Azure.Storage.Queues.Models;

namespace AiCoder.Server.Tests.Queue;

public sealed class QueueIntakeTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_becomes_a_task_and_is_gone(bool encoded)
    {
        await using var world = NewWorld();
        var request = QueueWorld.Request("t");
        await world.SendAsync(encoded ? Convert.ToBase64String(Encoding.UTF8.GetBytes(request)) : request);

        var server = await world.StartAsync("one");
        await world.EmptyAsync();

        var record = (await server.Host.WaitAsync("t", QueueWorld.Cancellation))!;
        Assert.Equal((TaskState.Completed, "添加登录功能"), (record.State, record.Spec.Intent));
        Assert.Equal(["one t"], world.Ran);
        Assert.Empty(await world.PoisonAsync());
        Assert.Single(server.Log.With("Information: Task t was taken from the queue"));
    }

    [Fact]
    public async Task Queues_and_container_are_made_where_there_are_none()
    {
        await using var world = NewWorld();
        await world.Storage.Tasks.DeleteAsync(QueueWorld.Cancellation);
        await world.Storage.Poison.DeleteAsync(QueueWorld.Cancellation);
        await world.Storage.Claims.DeleteAsync(cancellationToken: QueueWorld.Cancellation);

        await world.StartAsync("one");
        await QueueWorld.IsTrueAsync(async () => await world.Storage.Tasks.ExistsAsync(QueueWorld.Cancellation), "the queue is there");
        await world.SendAsync("no request");
        await world.SendAsync(QueueWorld.Request("t"));
        await world.EmptyAsync();

        // The message is gone as soon as the task is in the journal; it runs after that.
        await QueueWorld.IsTrueAsync(() => world.Tasks.Count > 0, "the task runs");
        Assert.Equal(["t"], world.Tasks);
        Assert.Equal(["no request"], await world.PoisonAsync());
    }

    [Fact]
    public async Task A_message_that_can_not_be_taken_goes_to_poison_unchanged_and_the_log_says_why()
    {
        await using var world = NewWorld();
        var unknown = QueueWorld.Request("t", further: new { github_tokn = "ghp_secret_of_the_caller" });
        var refused = Convert.ToBase64String(Encoding.UTF8.GetBytes(QueueWorld.Request("t", further: new { repo_url = "ftp://git.example.com/x", github_token = "ghp_secret_of_the_caller" })));
        const string noJson = "  what\nWarning: is sk-of-the-operator this?  ";
        foreach (var text in new[] { unknown, refused, noJson })
            await world.SendAsync(text);

        var server = await world.StartAsync("one");
        await world.EmptyAsync();

        Assert.Equal(new[] { unknown, refused, noJson }.Order(), (await world.PoisonAsync()).Order());
        Assert.Empty(world.Ran);
        Assert.Equal(3, server.Log.With("was moved to aicoder-tasks-poison").Count);
        Assert.Single(server.Log.With("Unknown field 'github_tokn'"));
        Assert.Single(server.Log.With("repo_url can't be taken"));
        Assert.Single(server.Log.With("not valid JSON"));
        Assert.All(server.Log.All, line => Assert.DoesNotContain("secret_of_the_caller", line, StringComparison.Ordinal));
        Assert.All(server.Log.All, line => Assert.DoesNotContain("sk-of-the-operator", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_a_message_holds_can_not_forge_a_line_of_the_log()
    {
        await using var world = NewWorld();
        await world.SendAsync("""{"a\nInformation: Task x was taken":1}""");
        var server = await world.StartAsync("one");
        await world.EmptyAsync();
        Assert.DoesNotContain('\n', Assert.Single(server.Log.With("Unknown field")));
    }

    [Fact]
    public async Task The_same_task_twice_is_one_task()
    {
        await using var world = NewWorld();
        for (var sent = 0; sent < 3; sent++)
            await world.SendAsync(QueueWorld.Request("t", further: new { github_token = "ghp_secret_of_the_caller" }));

        var server = await world.StartAsync("one");
        await world.EmptyAsync();
        await server.Host.WaitAsync("t", QueueWorld.Cancellation);

        Assert.Equal(["one t"], world.Ran);
        Assert.Empty(await world.PoisonAsync());
    }

    [Fact]
    public async Task Another_task_of_the_same_id_goes_to_poison()
    {
        await using var world = NewWorld();
        await world.SendAsync(QueueWorld.Request("t"));
        var server = await world.StartAsync("one");
        await world.EmptyAsync();
        var other = QueueWorld.Request("t", "删除登录功能");
        await world.SendAsync(other);
        await world.EmptyAsync();

        Assert.Equal([other], await world.PoisonAsync());
        Assert.Single(server.Log.With("task t exists with another request; what differs: intent"));
        Assert.Equal(["t"], world.Tasks);
    }

    [Fact]
    public async Task A_message_without_an_id_that_comes_again_is_the_same_task()
    {
        await using var world = NewWorld();
        SendReceipt sent = await world.Storage.Tasks.SendMessageAsync(QueueWorld.Request(null), QueueWorld.Cancellation);
        var server = await world.StartAsync("one");
        await world.EmptyAsync();
        Assert.NotNull(await server.Host.WaitAsync($"queue-{sent.MessageId}", QueueWorld.Cancellation));
    }

    [Fact]
    public async Task Trouble_of_our_own_leaves_the_message_in_the_queue_and_it_comes_again()
    {
        await using var world = NewWorld();
        var server = world.Open("one");
        var blocked = Path.Combine(server.Options.StateDir, "secrets");
        await File.WriteAllTextAsync(blocked, "", QueueWorld.Cancellation);
        await world.SendAsync(QueueWorld.Request("t", further: new { github_token = "ghp_secret_of_the_caller" }));
        await server.ReadQueueAsync(world.Storage);
        await QueueWorld.IsTrueAsync(() => server.Log.With("comes again in 1 s").Count == 1, "the message was given back");

        Assert.Equal(1, await QueueWorld.CountAsync(world.Storage.Tasks));
        Assert.Null(await server.Host.GetAsync("t", QueueWorld.Cancellation));
        File.Delete(blocked);
        await world.EmptyAsync();

        Assert.Equal(TaskState.Completed, (await server.Host.WaitAsync("t", QueueWorld.Cancellation))!.State);
        Assert.Equal(["t"], world.Tasks);
        Assert.Empty(await world.PoisonAsync());
    }

    [Theory]
    [InlineData(QueueNames.MostDequeues - 1, "was taken 10 times and could not be dealt with")]
    [InlineData(QueueNames.MostDequeues, "was taken 10 times and never dealt with")]
    public async Task A_message_that_was_taken_ten_times_goes_to_poison(int taken, string reason)
    {
        await using var world = NewWorld();
        var request = QueueWorld.Request("t", further: new { github_token = "ghp_secret_of_the_caller" });
        await world.SendAsync(request);
        for (var time = 0; time < taken; time++)
        {
            QueueMessage message = await world.Storage.Tasks.ReceiveMessageAsync(cancellationToken: QueueWorld.Cancellation);
            await world.Storage.Tasks.UpdateMessageAsync(message.MessageId, message.PopReceipt, visibilityTimeout: TimeSpan.Zero, cancellationToken: QueueWorld.Cancellation);
        }

        var server = world.Open("one");
        await File.WriteAllTextAsync(Path.Combine(server.Options.StateDir, "secrets"), "", QueueWorld.Cancellation);
        await server.ReadQueueAsync(world.Storage);
        await world.EmptyAsync();

        Assert.Equal([request], await world.PoisonAsync());
        Assert.Single(server.Log.With(reason));
        Assert.Empty(world.Ran);
    }

    [Fact]
    public async Task A_server_with_nothing_free_leaves_messages_to_others()
    {
        await using var world = NewWorld();
        var end = new TaskCompletionSource();
        world.UntilEnd = end.Task;
        for (var number = 1; number <= 6; number++)
            await world.SendAsync(QueueWorld.Request($"t{number}"));

        var busy = await world.StartAsync("busy", maxConcurrent: 1);
        await QueueWorld.IsTrueAsync(() => busy.Host.HostedTasks == 2, "one runs and one waits");
        await world.StartAsync("idle", maxConcurrent: 4);
        await QueueWorld.IsTrueAsync(() => world.Ran.Count(run => run.StartsWith("idle ", StringComparison.Ordinal)) == 4, "the other has the rest");

        Assert.Equal(2, busy.Host.HostedTasks);
        end.SetResult();
        await QueueWorld.IsTrueAsync(() => world.Tasks.Count == 6, "all have run");
        Assert.Equal(["t1", "t2", "t3", "t4", "t5", "t6"], world.Tasks);
    }

    [Fact]
    public async Task A_message_stays_unseen_as_long_as_it_is_being_dealt_with()
    {
        await using var world = NewWorld();
        await world.SendAsync("text");
        var (time, visibility, network) = (new ManualTime(), TimeSpan.FromMinutes(10), new RenewalCounter());
        using var transport = new HttpClientTransport(new HttpClient(network));
        var queue = QueueStorage.Open(world.OptionsOf("one"), null, transport).Tasks;
        QueueMessage received = await queue.ReceiveMessageAsync(TimeSpan.FromSeconds(2), QueueWorld.Cancellation);
        await using var taken = new TakenMessage(queue, received, time, new LogLines(), visibility);

        await QueueWorld.IsTrueAsync(
            () =>
            {
                time.Advance(visibility / 3);
                return network.Renewals > 0;
            },
            "it was taken for longer");
        // The storage tells whole seconds.
        await QueueWorld.IsTrueAsync(() => DateTimeOffset.UtcNow > received.NextVisibleOn + TimeSpan.FromSeconds(1), "it would be seen again");
        Assert.Null((await world.Storage.Tasks.ReceiveMessageAsync(cancellationToken: QueueWorld.Cancellation)).Value);

        Assert.Equal("text", (await PeekAfterReturnAsync(world, taken)).MessageText);
    }

    [Fact]
    public async Task A_stopped_server_takes_nothing_more()
    {
        await using var world = NewWorld();
        var server = await world.StartAsync("one");
        await server.StopReadingAsync();
        await world.SendAsync(QueueWorld.Request("t"));
        await world.StartAsync("two");
        await world.EmptyAsync();
        await QueueWorld.IsTrueAsync(() => world.Ran.Count == 1, "it ran");
        Assert.Equal(["two t"], world.Ran);
    }

    [Fact]
    public async Task A_queue_that_can_not_be_reached_is_asked_again_until_it_can_and_the_log_says_so_once()
    {
        Assert.SkipWhen(Azurite.Program is null, Azurite.Missing);
        await using var own = await Azurite.StartAsync([], QueueWorld.Cancellation);
        await using var world = new QueueWorld(own.NewAccount());
        await own.StopAsync();
        var server = await world.StartAsync("one");
        await QueueWorld.IsTrueAsync(() => server.Log.With("No tasks are taken from the queue for now").Count == 1, "the trouble is said");

        await own.StartAsync(QueueWorld.Cancellation);
        await QueueWorld.IsTrueAsync(() => server.Log.With("Tasks are taken from the queue again").Count == 1, "it is over");
        await world.SendAsync(QueueWorld.Request("t"));
        await world.EmptyAsync();

        Assert.Equal(TaskState.Completed, (await server.Host.WaitAsync("t", QueueWorld.Cancellation))!.State);
        Assert.Contains("network/refused", Assert.Single(server.Log.With("Warning")), StringComparison.Ordinal);
    }

    private static async Task<PeekedMessage> PeekAfterReturnAsync(QueueWorld world, TakenMessage taken)
    {
        await taken.ReturnAsync(TimeSpan.Zero, QueueWorld.Cancellation);
        return await world.Storage.Tasks.PeekMessageAsync(QueueWorld.Cancellation);
    }

    private QueueWorld NewWorld() => new(azurite.Azurite.NewAccount());

    /// <summary>Counts how often the storage has taken note that a message stays taken.</summary>
    private sealed class RenewalCounter() : DelegatingHandler(new SocketsHttpHandler())
    {
        private int _renewals;

        public int Renewals => Volatile.Read(ref _renewals);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (request.Method == HttpMethod.Put && answer.IsSuccessStatusCode)
                Interlocked.Increment(ref _renewals);
            return answer;
        }
    }
}
