using System.Text.Json;
using System.Text.Json.Nodes;
using AiCoder.Cli.Demonstration;
using AiCoder.Demo;
using AiCoder.Testing;

namespace AiCoder.Cli.Tests.Infrastructure;

/// <summary>
/// Everything around one <c>aicoder</c>: a git server with a repository in which a test fails, a scripted model that mends it, a
/// webhook receiver, a home of its own. All on loopback, all gone when the test is over.
/// </summary>
internal sealed class TaskWorld : IAsyncDisposable
{
    public const string Secret = "whsec_dGVzdCBzZWNyZXQgb2YgdHdlbnR5LWZvdXIgYnl0ZXM=";
    private const string Repository = "shop.git";

    private readonly TemporaryFolder _folder = new();

    private TaskWorld()
    {
    }

    public DemoProject Project { get; } = DemoProject.Shell;
    public GitServer Git { get; private set; } = null!;
    public ScriptedModel Model { get; private set; } = null!;
    public WebhookReceiver Receiver { get; private set; } = null!;

    /// <summary>The environment that <c>aicoder</c> gets, whole; a test may change it.</summary>
    public Dictionary<string, string> Environment { get; } = [];

    public string BareRepository => _folder["served", Repository];
    public string Home => _folder["home"];
    public string Workspace => _folder["workspace"];
    public string RepositoryUrl => Git.UrlOf(Repository);

    /// <param name="script">What the model answers; null: what mends the project.</param>
    /// <param name="git">How the git server behaves.</param>
    /// <param name="answer">What the webhook receiver answers.</param>
    /// <param name="files">Files besides the project's, or in place of them.</param>
    public static async Task<TaskWorld> CreateAsync(
        Func<ScriptedRequest, ScriptedReply>? script = null,
        GitServerOptions? git = null,
        Func<int, WebhookAnswer>? answer = null,
        IReadOnlyDictionary<string, string>? files = null)
    {
        var cancel = TestContext.Current.CancellationToken;
        var world = new TaskWorld();
        var builder = new GitRepositoryBuilder();
        foreach (var (path, content) in world.Project.Files.Concat(files ?? new Dictionary<string, string>()))
            builder.With(path, content);
        await builder.CreateAsync(world.BareRepository);
        await GitProgram.RunAsync(world.BareRepository, "config", "http.receivepack", "true");
        await GitProgram.RunAsync(world.BareRepository, "config", "core.logAllRefUpdates", "always");
        Directory.CreateDirectory(world.Home);
        world.Git = await GitServer.StartAsync(world._folder["served"], git, cancel);
        world.Model = await ScriptedModel.StartAsync(script ?? DemoScript.For(world.Project), cancel);
        world.Receiver = await WebhookReceiver.StartAsync(Secret, answer, cancel);
        world.SetEnvironment();
        return world;
    }

    /// <summary>A request for the world's repository; further fields as an object's properties.</summary>
    public string Request(string? taskId, object? further = null)
    {
        var request = new JsonObject { ["repo_url"] = RepositoryUrl, ["intent"] = Project.Intent };
        if (taskId is not null)
            request["task_id"] = taskId;
        if (further is not null)
        {
            foreach (var (name, value) in JsonSerializer.SerializeToNode(further)!.AsObject())
                request[name] = value?.DeepClone();
        }

        return request.ToJsonString();
    }

    public AiCoderProcess Start(params IReadOnlyList<string> arguments) => AiCoderProcess.Start(Environment, arguments);

    /// <summary>Runs <c>aicoder</c> to its end.</summary>
    public async Task<AiCoderRun> RunAsync(params IReadOnlyList<string> arguments)
    {
        using var process = Start(arguments);
        return await process.EndAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>The same with standard input.</summary>
    public async Task<AiCoderRun> RunWithInputAsync(string input, params IReadOnlyList<string> arguments)
    {
        using var process = AiCoderProcess.Start(Environment, arguments, input);
        return await process.EndAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>The commit that a branch of the served repository points at; null where there is none.</summary>
    public async Task<string?> HeadOfAsync(string branch)
    {
        var commit = await GitProgram.RunAsync(BareRepository, "for-each-ref", "--format=%(objectname)", $"refs/heads/{branch}");
        return commit.Length == 0 ? null : commit;
    }

    /// <summary>How often a branch of the served repository was moved.</summary>
    public int PushesOf(string branch)
    {
        var log = Path.Combine(BareRepository, "logs", "refs", "heads", branch);
        return File.Exists(log) ? File.ReadAllLines(log).Length : 0;
    }

    public Task<string> GitAsync(params IReadOnlyList<string> arguments) => GitProgram.RunAsync(BareRepository, arguments);

    public async ValueTask DisposeAsync()
    {
        await Receiver.DisposeAsync();
        await Model.DisposeAsync();
        await Git.DisposeAsync();
        _folder.Dispose();
    }

    private void SetEnvironment()
    {
        Func<string, string?> ours = System.Environment.GetEnvironmentVariable;
        Environment["PATH"] = ours("PATH") ?? "/usr/bin:/bin";
        Environment["HOME"] = Home;
        Environment["TMPDIR"] = Directory.CreateDirectory(_folder["tmp"]).FullName;
        Environment["LANG"] = "C";
        Environment["DOTNET_ROOT"] = ours("DOTNET_ROOT") ?? RuntimeFolder();
        Environment["WORKSPACE_DIR"] = Workspace;
        Environment["OPENAI_API_KEY"] = "test-key-0123456789";
        Environment["OPENAI_BASE_URL"] = Model.BaseUrl.AbsoluteUri;
        Environment["OPENAI_MODEL"] = ScriptedModel.ModelName;
        Environment["WEBHOOK_URL"] = Receiver.Url.AbsoluteUri;
        Environment["WEBHOOK_SECRET"] = Secret;
    }

    // …/shared/Microsoft.NETCore.App/<version>/System.Private.CoreLib.dll
    private static string RuntimeFolder() =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
}
