using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Core.Failures;
using AiCoder.Testing;

namespace AiCoder.Core.Tests.Api;

public sealed class ReadinessProbeTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Clock _clock = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_looks_once_a_second_whether_it_is_well_or_not()
    {
        var probe = Probe();
        var asked = 0;
        Exception? trouble = null;
        Task AskAsync(CancellationToken stop)
        {
            asked++;
            return trouble is null ? Task.CompletedTask : Task.FromException(trouble);
        }

        await probe.CheckAsync(AskAsync, Stop);
        trouble = new IOException("gone");
        await probe.CheckAsync(AskAsync, Stop);
        Assert.Equal(1, asked);

        _clock.Advance(TimeSpan.FromSeconds(1));
        await Assert.ThrowsAsync<FailureException>(() => probe.CheckAsync(AskAsync, Stop));
        trouble = null;
        await Assert.ThrowsAsync<FailureException>(() => probe.CheckAsync(AskAsync, Stop));
        Assert.Equal(2, asked);

        _clock.Advance(TimeSpan.FromSeconds(1));
        await probe.CheckAsync(AskAsync, Stop);
        Assert.Empty(Directory.GetFiles(_folder["workspace"]));
    }

    [Fact]
    public async Task A_workspace_that_is_gone_is_not_ready()
    {
        var probe = Probe();
        Directory.Delete(_folder["workspace"]);
        await Assert.ThrowsAsync<FailureException>(() => probe.CheckAsync(_ => Task.CompletedTask, Stop));
    }

    [Fact]
    public async Task Who_gives_up_leaves_nothing_behind_for_the_next()
    {
        var probe = Probe();
        using var gaveUp = new CancellationTokenSource();
        var first = probe.CheckAsync(stop => Task.Delay(Timeout.Infinite, stop), gaveUp.Token);
        await gaveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
        await probe.CheckAsync(_ => Task.CompletedTask, Stop);
    }

    private ReadinessProbe Probe()
    {
        Directory.CreateDirectory(_folder["workspace"]);
        return new(new AiCoderOptions { WorkspaceDir = _folder["workspace"], StateDir = _folder["state"] }, _clock);
    }

    /// <summary>Moves when it is told to; waits are real.</summary>
    private sealed class Clock : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan by) => _now += by.Ticks;
    }
}
