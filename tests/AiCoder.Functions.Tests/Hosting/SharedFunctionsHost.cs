using AiCoder.Testing;
using AiCoder.Testing.Tasks;

namespace AiCoder.Functions.Tests.Hosting;

/// <summary>One Functions host for a whole class of tests, because one takes seconds to come up. Its tasks bring their own world.</summary>
public sealed class SharedFunctionsHost : IAsyncLifetime
{
    private Azurite? _azurite;
    private TaskSurroundings? _around;
    private FunctionsHostProcess? _host;

    /// <summary>Why there is no host; null: there is one.</summary>
    public string? Problem { get; private set; }

    /// <summary>Its WORKSPACE_DIR.</summary>
    public string WorkspaceDir => _around!.Workspace;

    /// <summary>A client that shows the host's key.</summary>
    public HttpClient NewClient() => _host!.NewClient();

    public async ValueTask InitializeAsync()
    {
        Problem = FunctionsHostProcess.Program is null ? FunctionsHostProcess.Missing : Azurite.Program is null ? Azurite.Missing : null;
        if (Problem is not null)
            return;
        _azurite = await Azurite.StartAsync([], TestContext.Current.CancellationToken);
        _around = await TaskSurroundings.CreateAsync(cancellationToken: TestContext.Current.CancellationToken);
        var environment = _around.NewEnvironment();
        environment.Remove("WEBHOOK_URL");
        environment.Remove("WEBHOOK_SECRET");
        environment["AzureWebJobsStorage"] = _azurite.NewAccount();
        environment["ALLOWED_NETWORKS"] = "127.0.0.1";
        _host = await FunctionsHostProcess.StartAsync(environment, TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
            await _host.DisposeAsync();
        if (_around is not null)
            await _around.DisposeAsync();
        if (_azurite is not null)
            await _azurite.DisposeAsync();
    }
}
