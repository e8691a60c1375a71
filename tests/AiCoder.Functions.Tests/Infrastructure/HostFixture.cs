using AiCoder.Core.Api;
using AiCoder.Core.Configuration;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;
using AiCoder.Functions.Tasks;
using AiCoder.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace AiCoder.Functions.Tests.Infrastructure;

/// <summary>A <see cref="DurableTaskHost"/> on a hub in memory, with real secrets and workspaces in a folder of its own.</summary>
internal sealed class HostFixture : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public HostFixture()
    {
        Options = new() { WorkspaceDir = _folder["workspace"], StateDir = _folder["workspace", ".state"], ApiKey = "operators-key-0123456789" };
        Secrets = new(Options);
        Workspaces = new(Options);
        Events = new(Options);
        Host = new(Hub, Options, Secrets, new(Options), Workspaces, Events, new(Options, TimeProvider.System), NullLogger.Instance);
        Api = new(Options, Host, Workspaces, TimeProvider.System);
        Directory.CreateDirectory(Options.WorkspaceDir);
    }

    public AiCoderOptions Options { get; }
    public MemoryTaskHub Hub { get; } = new();
    public ProtectedSecretStore Secrets { get; }
    public WorkspaceStore Workspaces { get; }
    public EventLog Events { get; }
    public DurableTaskHost Host { get; }
    public TaskApi Api { get; }
    public DurableTasks Tasks => new(Options, Secrets, new(Options), Workspaces, Events, new(Options, TimeProvider.System), TimeProvider.System, NullLogger<DurableTasks>.Instance);

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>How many secrets are kept.</summary>
    public int KeptSecrets => Directory.Exists(SecretsFolder) ? Directory.GetFiles(SecretsFolder).Length : 0;

    private string SecretsFolder => Path.Combine(Options.StateDir, "secrets");

    public AcceptedTask Task(string taskId, string intent = "add a login", string? token = null) => TaskAcceptance.Accept(
        new TaskRequest { TaskId = taskId, RepoUrl = "https://git.example.com/g/p.git", Intent = intent, GitlabApiToken = token }, Options, taskId);

    public void Dispose()
    {
        Secrets.Dispose();
        _folder.Dispose();
    }
}
