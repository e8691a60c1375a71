using AiCoder.Testing;

namespace AiCoder.Server.Tests.Queue;

/// <summary>One Azurite for the tests of the queue; each takes an account of its own.</summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    private Azurite? _azurite;

    /// <summary>Skips the test where the machine has no Azurite.</summary>
    public Azurite Azurite
    {
        get
        {
            Assert.SkipWhen(_azurite is null, Azurite.Missing);
            return _azurite;
        }
    }

    public async ValueTask InitializeAsync()
    {
        if (Azurite.Program is not null)
            _azurite = await Azurite.StartAsync([], CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        if (_azurite is not null)
            await _azurite.DisposeAsync();
    }
}
