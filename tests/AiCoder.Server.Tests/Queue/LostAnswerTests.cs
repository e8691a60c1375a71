using AiCoder.Core.Api;
using AiCoder.Core.Tasks;
using AiCoder.Server.Queue;
using Azure.Core.Pipeline;

namespace AiCoder.Server.Tests.Queue;

public sealed class LostAnswerTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    [Fact]
    public async Task A_claim_whose_answer_was_lost_is_neither_lost_nor_made_twice()
    {
        await using var world = new QueueWorld(azurite.Azurite.NewAccount());
        var request = QueueWorld.Request("t", further: new { github_token = "ghp_secret_of_the_caller" });
        var network = new LossyNetwork { LosesAnswers = true };
        using var transport = new HttpClientTransport(new HttpClient(network));
        var one = await world.StartAsync("one", storage: QueueStorage.Open(world.OptionsOf("one"), null, transport));
        await world.SendAsync(request);
        await QueueWorld.IsTrueAsync(() => one.Log.With("can't be taken now").Count > 0, "the start failed");
        Assert.True(await world.IsClaimedAsync("t"));
        Assert.Empty(world.Ran);

        // Another server gets the same message in the meantime, and must not take what it is told that the first has.
        await world.SendAsync(request);
        var two = await world.StartAsync("two");
        await QueueWorld.IsTrueAsync(() => two.Log.With("Task t is on another server already").Count > 0, "the other leaves it alone");
        network.LosesAnswers = false;
        await world.EmptyAsync();

        await QueueWorld.IsTrueAsync(() => world.Ran.Count == 1, "it ran");
        Assert.Equal(TaskState.Completed, (await one.Host.WaitAsync("t", QueueWorld.Cancellation))!.State);
        Assert.Equal(["one t"], world.Ran);
    }

    /// <summary>Delivers every request, and loses the answers of the blob service as long as it is told to.</summary>
    private sealed class LossyNetwork() : DelegatingHandler(new SocketsHttpHandler())
    {
        public volatile bool LosesAnswers;

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (LosesAnswers && request.RequestUri!.AbsolutePath.Contains(QueueNames.Claims, StringComparison.Ordinal))
                throw new HttpRequestException("The answer was lost.");
            return answer;
        }
    }
}
