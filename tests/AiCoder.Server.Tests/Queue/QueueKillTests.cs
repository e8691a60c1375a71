using AiCoder.Demo;
using AiCoder.Server.Tests.Infrastructure;
using AiCoder.Testing;
using AiCoder.Testing.Processes;
using AiCoder.Testing.Tasks;
using Azure;

namespace AiCoder.Server.Tests.Queue;

/// <summary>The real <c>aicoder serve --queue</c>, killed at each step from a message to a task (docs/decisions/0012-queue-claims.md).</summary>
public sealed class QueueKillTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(StoragePlace.AfterTheMessageWasTaken, true)]
    [InlineData(StoragePlace.BeforeTheClaim, true)]
    [InlineData(StoragePlace.AfterTheClaim, false)]
    [InlineData(StoragePlace.BeforeTheMessageIsDeleted, false)]
    public async Task A_server_killed_on_the_way_from_message_to_task_does_the_task_once(StoragePlace place, bool hasId)
    {
        var killed = new Hold();
        var script = DemoScript.For(DemoProject.Shell);
        var around = await TaskSurroundings.CreateAsync(request => script(request) with { Gate = killed.WaitAsync() }, cancellationToken: Cancel);
        await using var world = new QueueWorld(azurite.Azurite.NewAccount());
        await using var proxy = await StorageProxy.StartAsync(azurite.Azurite, place, Cancel);
        var request = around.Request(hasId ? "t" : null);
        request["webhook_url"] = around.Receiver.Url.AbsoluteUri;
        request["webhook_secret"] = TaskSurroundings.Secret;
        await world.SendAsync(request.ToJsonString());

        using (var first = await ServeProcess.StartAsync(around, Settings(proxy.Of(world.ConnectionString)), readsQueue: true))
        {
            await proxy.Reached.WaitAsync(Cancel);
            first.Process.Signal(AiCoderProcess.SigKill);
            await first.Process.EndAsync(Cancel);
        }

        var id = hasId ? "t" : $"queue-{proxy.Taken.Id}";
        var inFlight = around.Model.Requests.Count;
        Assert.InRange(inFlight, 0, place == StoragePlace.BeforeTheMessageIsDeleted ? 1 : 0);
        Assert.Equal(place is StoragePlace.AfterTheClaim or StoragePlace.BeforeTheMessageIsDeleted, await world.IsClaimedAsync(id));
        Assert.Equal(1, await QueueWorld.CountAsync(world.Storage.Tasks));
        killed.Release();

        using var second = await ServeProcess.StartAsync(around, Settings(world.ConnectionString), readsQueue: true);
        await using var api = second.WorldIn(around);
        // From the second step on, the journal is enough to go on with: the message is unseen still.
        if (place != StoragePlace.AfterTheMessageWasTaken)
            await EndedAsync(around);
        await ComesAgainAsync(world, proxy);
        await world.EmptyAsync();
        await EndedAsync(around);

        Assert.Equal("completed", (string?)(await api.EndAsync(id))["status"]);
        Assert.Single((await api.GetAsync("api/tasks")).Json["tasks"]!.AsArray());
        Assert.Equal(1, around.PushesOf($"ai/{id}"));
        Assert.Equal(5 + inFlight, around.Model.Requests.Count);
        Assert.Empty(await world.PoisonAsync());
        Assert.True(await world.IsClaimedAsync(id));
    }

    private static async Task ComesAgainAsync(QueueWorld world, StorageProxy proxy)
    {
        try
        {
            await world.Storage.Tasks.UpdateMessageAsync(proxy.Taken.Id, proxy.Taken.Receipt, visibilityTimeout: TimeSpan.Zero, cancellationToken: Cancel);
        }
        catch (RequestFailedException exception) when (exception.Status is 400 or 404)
        {
            // The machine was so slow that it has come by itself, and was taken.
        }
    }

    private static Task EndedAsync(TaskSurroundings around) =>
        QueueWorld.IsTrueAsync(() => around.Receiver.Deliveries.Any(delivery => delivery.Status is "completed" or "failed"), "the task has ended");

    private static Dictionary<string, string> Settings(string account) => new() { ["AzureWebJobsStorage"] = account };
}
