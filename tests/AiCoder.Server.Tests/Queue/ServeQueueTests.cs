using AiCoder.Server.Tests.Infrastructure;
using AiCoder.Testing.Api;
using AiCoder.Testing.Processes;
using AiCoder.Testing.Tasks;
using Azure.Storage.Queues;
using Azure.Storage.Queues.Models;

namespace AiCoder.Server.Tests.Queue;

/// <summary>The real process, <c>aicoder serve --queue</c>.</summary>
public sealed class ServeQueueTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(null, "AzureWebJobsStorage__accountName")]
    [InlineData("key-without-a-form", "is no connection string")]
    public async Task Without_an_account_it_ends_with_2_and_says_what_to_set(string? account, string named)
    {
        await using var around = await TaskSurroundings.CreateAsync(cancellationToken: Cancel);
        var variables = ServedWorld.Variables(around);
        if (account is not null)
            variables["AzureWebJobsStorage"] = account;
        using var process = AiCoderProcess.Start(variables, ["serve", "--queue", "--urls", "http://127.0.0.1:0"]);
        var run = await process.EndAsync(Cancel);

        Assert.Equal((2, ""), (run.ExitCode, run.Output));
        Assert.Contains(named, run.Error, StringComparison.Ordinal);
        Assert.False(account is not null && run.Error.Contains(account, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Two_servers_one_of_which_is_killed_complete_every_task_and_push_each_once()
    {
        var account = azurite.Azurite.NewAccount();
        var around = await TaskSurroundings.CreateAsync(cancellationToken: Cancel);
        var queue = new QueueClient(account, "aicoder-tasks");
        using var first = await ServeProcess.StartAsync(around, Settings(around, account, "one"), readsQueue: true);
        var killed = await ServeProcess.StartAsync(around, Settings(around, account, "two"), readsQueue: true);
        await using var one = first.WorldIn(around);
        await queue.CreateIfNotExistsAsync(cancellationToken: Cancel);
        var ids = Enumerable.Range(0, 10).Select(_ => ApiWorld.NewId()).ToList();
        var intents = ids.ToDictionary(id => id, id => $"{id}: mend the price.");
        foreach (var id in ids.Concat(ids))
            await queue.SendMessageAsync(one.Request(id, new { intent = intents[id] }).ToJsonString(), Cancel);
        for (var number = 1; number <= 2; number++)
        {
            var unnamed = one.Request("");
            unnamed.Remove("task_id");
            unnamed["intent"] = $"unnamed-{number}: mend the price.";
            SendReceipt sent = await queue.SendMessageAsync(unnamed.ToJsonString(), Cancel);
            ids.Add($"queue-{sent.MessageId}");
            intents[ids[^1]] = (string)unnamed["intent"]!;
        }

        await around.Receiver.WaitForAsync(deliveries => deliveries.Count(delivery => delivery.Status == "completed") >= 3, Cancel);
        killed.Process.Signal(AiCoderProcess.SigKill);
        await killed.Process.EndAsync(Cancel);
        killed.Dispose();
        using var again = await ServeProcess.StartAsync(around, Settings(around, account, "two"), readsQueue: true);

        foreach (var id in ids)
            await QueueWorld.IsTrueAsync(() => around.DeliveriesOf(id).Any(delivery => delivery.Status is "completed" or "failed"), $"{id} has ended");
        await QueueWorld.IsTrueAsync(async () => await QueueWorld.CountAsync(queue) == 0, "the queue is empty");
        Assert.All(ids, id =>
        {
            Assert.Equal(1, around.PushesOf($"ai/{id}"));
            Assert.Equal("completed", around.DeliveriesOf(id)[^1].Status);
        });

        // A plan, then four turns, on one server; the two that ran on the killed one may have had a call in flight.
        var asked = around.Model.Requests.ToLookup(request => ids.Single(id => request.AllText.Contains(intents[id], StringComparison.Ordinal)));
        Assert.All(ids, id => Assert.InRange(asked[id].Count(), 5, 6));
        Assert.InRange(around.Model.Requests.Count, 5 * ids.Count, (5 * ids.Count) + 2);
        Assert.False(await new QueueClient(account, "aicoder-tasks-poison").ExistsAsync(Cancel));
    }

    /// <summary>A server with a workspace and a journal of its own.</summary>
    private static Dictionary<string, string> Settings(TaskSurroundings around, string account, string name) => new()
    {
        ["AzureWebJobsStorage"] = account,
        ["WORKSPACE_DIR"] = Path.Combine(around.Workspace, name),
        ["MAX_CONCURRENT_TASKS"] = "2",
    };
}
