using AiCoder.Core.Api;
using AiCoder.Core.Tasks;
using AiCoder.Server.Queue;
using Azure.Storage.Queues.Models;

namespace AiCoder.Server.Tests.Queue;

/// <summary>Servers whose journals know nothing of each other, on one queue (docs/decisions/0012-queue-claims.md).</summary>
public sealed class SeveralServersTests(AzuriteFixture azurite) : IClassFixture<AzuriteFixture>
{
    private static readonly object Secret = new { github_token = "ghp_secret_of_the_caller" };

    [Fact]
    public async Task Every_task_is_run_once_however_often_it_was_sent()
    {
        await using var world = NewWorld();
        var named = Enumerable.Range(1, 12).Select(number => $"t{number:00}").ToArray();
        foreach (var task in named)
            await world.SendAsync(QueueWorld.Request(task, further: Secret));
        foreach (var name in new[] { "one", "two", "three" })
            await world.StartAsync(name, maxConcurrent: 2);
        foreach (var task in named)
            await world.SendAsync(QueueWorld.Request(task, further: Secret));
        var unnamed = new List<string>();
        for (var number = 0; number < 4; number++)
        {
            SendReceipt sent = await world.Storage.Tasks.SendMessageAsync(QueueWorld.Request(null), QueueWorld.Cancellation);
            unnamed.Add($"queue-{sent.MessageId}");
        }

        await world.EmptyAsync();
        await QueueWorld.IsTrueAsync(() => world.Tasks.Count >= named.Length + unnamed.Count, "all have run");

        Assert.Equal(named.Concat(unnamed).Order(StringComparer.Ordinal), world.Tasks);
        Assert.Empty(await world.PoisonAsync());
    }

    [Fact]
    public async Task A_task_another_server_has_is_not_started_again_and_leaves_nothing_behind()
    {
        await using var world = NewWorld();
        var first = await world.StartAsync("one");
        await world.SendAsync(QueueWorld.Request("t", further: Secret));
        await world.EmptyAsync();
        await first.StopReadingAsync();

        var second = await world.StartAsync("two");
        await world.SendAsync(QueueWorld.Request("t", further: Secret));
        var other = QueueWorld.Request("t", further: new { github_token = "ghp_another" });
        await world.SendAsync(other);
        await world.EmptyAsync();

        Assert.Equal(["one t"], world.Ran);
        Assert.Equal([other], await world.PoisonAsync());
        Assert.Single(second.Log.With("Task t is on another server already; its message was removed"));
        Assert.Single(second.Log.With("task t exists with another request on another server"));
        Assert.Null(await second.Host.GetAsync("t", QueueWorld.Cancellation));
        Assert.False(second.HasSecretsOf("t"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_start_that_was_killed_before_or_after_its_claim_is_finished_at_the_next_start(bool isClaimed)
    {
        await using var world = NewWorld();
        var task = Accepted(world, QueueWorld.Request("t", further: Secret));
        await using (var killed = world.OpenUnlisted("one"))
        {
            var claims = await killed.ClaimsAsync(world.Storage);
            await killed.DieWhileStartingAsync(task, stop => isClaimed ? claims.ClaimAsync(task, stop) : Task.CompletedTask);
        }

        Assert.Empty(world.Ran);
        var server = await world.StartAsync("one");
        await QueueWorld.IsTrueAsync(() => world.Ran.Count > 0, "it runs");
        await server.Host.WaitAsync("t", QueueWorld.Cancellation);

        // The message was not deleted, so it comes again.
        await world.SendAsync(QueueWorld.Request("t", further: Secret));
        await world.EmptyAsync();
        Assert.Equal(["one t"], world.Ran);
        Assert.True(await world.IsClaimedAsync("t"));
    }

    [Fact]
    public async Task A_start_that_was_killed_before_its_claim_yields_to_the_server_that_took_the_message_since()
    {
        await using var world = NewWorld();
        var request = QueueWorld.Request("t", further: Secret);
        await using (var killed = world.OpenUnlisted("one"))
            await killed.DieWhileStartingAsync(Accepted(world, request), _ => Task.CompletedTask);
        await world.SendAsync(request);
        await world.StartAsync("two");
        await world.EmptyAsync();
        await QueueWorld.IsTrueAsync(() => world.Ran.Count > 0, "it runs");

        var back = await world.StartAsync("one");
        await QueueWorld.IsTrueAsync(async () => await back.Host.GetAsync("t", QueueWorld.Cancellation) is null, "the journal has forgotten it");
        await QueueWorld.IsTrueAsync(() => !back.HasSecretsOf("t"), "its secrets are gone");
        Assert.Equal(["two t"], world.Ran);
    }

    [Fact]
    public async Task A_start_that_can_not_be_settled_keeps_no_other_task_and_is_said_once()
    {
        await using var world = NewWorld();
        await using (var killed = world.OpenUnlisted("one"))
        {
            await killed.DieWhileStartingAsync(Accepted(world, QueueWorld.Request("t", further: Secret)), _ => Task.CompletedTask);
            await File.WriteAllTextAsync(Path.Combine(killed.Options.StateDir, "secrets", "t.secrets"), "damaged", QueueWorld.Cancellation);
        }

        var server = await world.StartAsync("one");
        foreach (var id in new[] { "a", "b" })
        {
            await world.SendAsync(QueueWorld.Request(id));
            await world.EmptyAsync();
        }

        await QueueWorld.IsTrueAsync(() => world.Tasks.Count == 2, "both have run");
        Assert.Equal(["a", "b"], world.Tasks);
        Assert.Single(server.Log.With("Task t was left half taken in"));
    }

    [Fact]
    public async Task The_id_of_a_deleted_task_may_be_used_on_another_server()
    {
        await using var world = NewWorld();
        var first = await world.StartAsync("one");
        await world.SendAsync(QueueWorld.Request("t"));
        await world.EmptyAsync();
        await first.Host.WaitAsync("t", QueueWorld.Cancellation);
        await first.StopReadingAsync();
        await first.Host.DeleteAsync("t", QueueWorld.Cancellation);
        Assert.False(await world.IsClaimedAsync("t"));

        await world.StartAsync("two");
        await world.SendAsync(QueueWorld.Request("t", "删除登录功能"));
        await world.EmptyAsync();
        await QueueWorld.IsTrueAsync(() => world.Ran.Count == 2, "it runs there");
        Assert.Equal(["one t", "two t"], world.Ran);
        Assert.Empty(await world.PoisonAsync());
    }

    [Fact]
    public async Task A_claim_tells_nothing_of_the_secrets_and_is_swept_when_nobody_needs_it()
    {
        await using var world = NewWorld();
        var server = await world.StartAsync("one");
        await world.SendAsync(QueueWorld.Request("t", further: Secret));
        await world.EmptyAsync();
        await server.Host.WaitAsync("t", QueueWorld.Cancellation);
        var metadata = (await world.Storage.Claims.GetBlobClient("t").GetPropertiesAsync(cancellationToken: QueueWorld.Cancellation)).Value.Metadata;
        Assert.All(metadata.Values, value => Assert.DoesNotContain("secret_of_the_caller", value, StringComparison.Ordinal));

        var keep = TimeSpan.FromDays(7);
        Assert.Equal(0, await (await server.ClaimsAsync(world.Storage)).SweepAsync(keep, server.Host.GetAsync, QueueWorld.Cancellation));
        var later = new Later(keep + TimeSpan.FromMinutes(1));
        Assert.Equal(1, await (await server.ClaimsAsync(world.Storage, later)).SweepAsync(keep, server.Host.GetAsync, QueueWorld.Cancellation));
        Assert.False(await world.IsClaimedAsync("t"));
    }

    private static AcceptedTask Accepted(QueueWorld world, string request) => QueuedRequest.Accept(request, "m", world.OptionsOf("one"));

    private QueueWorld NewWorld() => new(azurite.Azurite.NewAccount());

    private sealed class Later(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
