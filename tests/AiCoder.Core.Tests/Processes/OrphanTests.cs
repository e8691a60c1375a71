using AiCoder.Core.Processes;
using AiCoder.Testing.Processes;

namespace AiCoder.Core.Tests.Processes;

/// <summary>Runs while no other test runs commands: an orphan of unknown origin lives until the last of those has ended that may have started it.</summary>
[Collection<OrphanTests>]
[CollectionDefinition(DisableParallelization = true)]
public sealed class OrphanTests
{
    [Fact]
    public async Task Orphans_of_commands_that_ran_side_by_side_are_gone_when_the_last_has_ended()
    {
        var runner = new ProcessRunner(TimeProvider.System);
        var seconds = "3600." + Random.Shared.NextInt64(1_000_000_000, 9_999_999_999);

        await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => runner.RunAsync(
            new()
            {
                FileName = "/bin/sh",
                Arguments = ["-c", $"setsid -f sleep {seconds}; sleep 0.1"],
                Environment = new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" },
                Timeout = TimeSpan.FromMinutes(1),
            },
            TestContext.Current.CancellationToken)));

        Assert.False(ProcessList.Has("sleep", seconds));
    }
}
