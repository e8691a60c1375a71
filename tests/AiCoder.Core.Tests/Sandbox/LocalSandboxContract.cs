using AiCoder.Core.Configuration;
using AiCoder.Core.Sandbox;
using AiCoder.Testing.Sandboxes;

namespace AiCoder.Core.Tests.Sandbox;

/// <summary>What the sandboxes on this machine promise besides: a bound on memory that is the command's own.</summary>
public abstract class LocalSandboxContract(SandboxKind kind) : SandboxContract
{
    protected override Task<SandboxGround> GroundAsync() => Task.FromResult<SandboxGround>(new SandboxFixture(kind));

    [Fact]
    public async Task A_memory_hog_is_ended()
    {
        await using var fixture = new SandboxFixture(kind);
        var mark = SandboxGround.Mark();
        var outcome = await fixture.RunAsync(
            $"""python3 -c 'import time; x = [bytearray(50_000_000) for _ in range(12)]; time.sleep({mark})'""",
            command => command with { MemoryBytes = 300L << 20 });

        Assert.Equal(CommandEnding.OutOfMemory, outcome.Ending);
        Assert.False(SandboxGround.IsRunning(mark));
    }
}

public sealed class BubblewrapBoundsTests() : LocalSandboxContract(SandboxKind.Bubblewrap);

public sealed class DirectBoundsTests() : LocalSandboxContract(SandboxKind.None);
