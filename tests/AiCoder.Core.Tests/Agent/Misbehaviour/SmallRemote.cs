using AiCoder.Testing;

namespace AiCoder.Core.Tests.Agent.Misbehaviour;

/// <summary>The small repository, made once for a whole table; every entry clones it.</summary>
public sealed class SmallRemote : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();

    public string Path => _folder["remote.git"];

    public async ValueTask InitializeAsync() => await AgentFixture.SmallRepository().CreateAsync(Path);

    public ValueTask DisposeAsync()
    {
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }
}
