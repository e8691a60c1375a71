using System.Text.Json;
using System.Text.Json.Nodes;
using AiCoder.Demo;

namespace AiCoder.Testing.Tasks;

/// <summary>
/// Everything around whoever runs tasks: a git server with a repository in which a test fails, a scripted model that mends it, a
/// webhook receiver, a home. All on loopback, all gone when the test is over.
/// </summary>
public sealed class TaskSurroundings : IAsyncDisposable
{
    /// <summary>What the receiver wants deliveries to be signed with.</summary>
    public const string Secret = "whsec_dGVzdCBzZWNyZXQgb2YgdHdlbnR5LWZvdXIgYnl0ZXM=";
    public const string Repository = "shop.git";

    private IReadOnlyDictionary<string, string> _files = new Dictionary<string, string>();

    private TaskSurroundings()
    {
    }

    public TemporaryFolder Folder { get; } = new();
    public DemoProject Project { get; } = DemoProject.Shell;
    public GitServer Git { get; private set; } = null!;
    public ScriptedModel Model { get; private set; } = null!;
    public WebhookReceiver Receiver { get; private set; } = null!;

    /// <summary>A home for child processes.</summary>
    public string Home => Folder["home"];
    public string Workspace => Folder["workspace"];
    public string RepositoryUrl => Git.UrlOf(Repository);

    /// <param name="script">What the model answers; null: what mends the project.</param>
    /// <param name="git">How the git server behaves.</param>
    /// <param name="answer">What the webhook receiver answers.</param>
    /// <param name="files">Files besides the project's, or in place of them.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task<TaskSurroundings> CreateAsync(
        Func<ScriptedRequest, ScriptedReply>? script = null,
        GitServerOptions? git = null,
        Func<int, WebhookAnswer>? answer = null,
        IReadOnlyDictionary<string, string>? files = null,
        CancellationToken cancellationToken = default)
    {
        var around = new TaskSurroundings();
        around._files = around.Project.Files.Concat(files ?? new Dictionary<string, string>())
            .GroupBy(file => file.Key).ToDictionary(same => same.Key, same => same.Last().Value);
        Directory.CreateDirectory(around.Home);
        await around.AddRepositoryAsync(Repository);
        around.Git = await GitServer.StartAsync(around.Folder["served"], git, cancellationToken);
        around.Model = await ScriptedModel.StartAsync(script ?? DemoScript.For(around.Project), cancellationToken);
        around.Receiver = await WebhookReceiver.StartAsync(Secret, answer, cancellationToken);
        return around;
    }

    /// <summary>Serves another repository with the same files, and notes every push.</summary>
    public async Task AddRepositoryAsync(string repository)
    {
        var builder = new GitRepositoryBuilder();
        foreach (var (path, content) in _files)
            builder.With(path, content);
        await builder.CreateAsync(BareRepository(repository));
        await GitProgram.RunAsync(BareRepository(repository), "config", "http.receivepack", "true");
        await GitProgram.RunAsync(BareRepository(repository), "config", "core.logAllRefUpdates", "always");
    }

    public string BareRepository(string repository = Repository) => Folder["served", repository];

    /// <summary>A request for the repository; further fields as an object's properties, which may replace the usual ones.</summary>
    public JsonObject Request(string? taskId, object? further = null)
    {
        var request = new JsonObject { ["repo_url"] = RepositoryUrl, ["intent"] = Project.Intent };
        if (taskId is not null)
            request["task_id"] = taskId;
        if (further is not null)
        {
            foreach (var (name, value) in JsonSerializer.SerializeToNode(further)!.AsObject())
                request[name] = value?.DeepClone();
        }

        return request;
    }

    /// <summary>The environment of a process that is to run tasks here, whole.</summary>
    public Dictionary<string, string> NewEnvironment()
    {
        Func<string, string?> ours = Environment.GetEnvironmentVariable;
        return new()
        {
            ["PATH"] = ours("PATH") ?? "/usr/bin:/bin",
            ["HOME"] = Home,
            ["TMPDIR"] = Directory.CreateDirectory(Folder["tmp"]).FullName,
            ["LANG"] = "C",
            ["DOTNET_ROOT"] = ours("DOTNET_ROOT") ?? RuntimeFolder(),
            ["WORKSPACE_DIR"] = Workspace,
            ["OPENAI_API_KEY"] = "test-key-0123456789",
            ["OPENAI_BASE_URL"] = Model.BaseUrl.AbsoluteUri,
            ["OPENAI_MODEL"] = ScriptedModel.ModelName,
            ["WEBHOOK_URL"] = Receiver.Url.AbsoluteUri,
            ["WEBHOOK_SECRET"] = Secret,
        };
    }

    /// <summary>The commit that a branch of a served repository points at; null where there is none.</summary>
    public async Task<string?> HeadOfAsync(string branch, string repository = Repository)
    {
        var commit = await GitProgram.RunAsync(BareRepository(repository), "for-each-ref", "--format=%(objectname)", $"refs/heads/{branch}");
        return commit.Length == 0 ? null : commit;
    }

    /// <summary>How often a branch of a served repository was moved.</summary>
    public int PushesOf(string branch, string repository = Repository)
    {
        var log = Path.Combine(BareRepository(repository), "logs", "refs", "heads", branch);
        return File.Exists(log) ? File.ReadAllLines(log).Length : 0;
    }

    /// <summary>The deliveries of one task, in the order of arrival.</summary>
    public IReadOnlyList<WebhookDelivery> DeliveriesOf(string taskId) =>
        [.. Receiver.Deliveries.Where(delivery => (string?)delivery.Json["task_id"] == taskId)];

    public async ValueTask DisposeAsync()
    {
        await Receiver.DisposeAsync();
        await Model.DisposeAsync();
        await Git.DisposeAsync();
        Folder.Dispose();
    }

    // …/shared/Microsoft.NETCore.App/<version>/System.Private.CoreLib.dll
    private static string RuntimeFolder() =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
}
