using AiCoder.Demo;
using AiCoder.Testing;
using AiCoder.Testing.Processes;
using AiCoder.Testing.Tasks;

namespace AiCoder.Cli.Tests.Infrastructure;

/// <summary>One <c>aicoder</c> and everything around it.</summary>
internal sealed class TaskWorld : IAsyncDisposable
{
    public const string Secret = TaskSurroundings.Secret;

    private readonly TaskSurroundings _around;

    private TaskWorld(TaskSurroundings around) => (_around, Environment) = (around, around.NewEnvironment());

    public DemoProject Project => _around.Project;
    public GitServer Git => _around.Git;
    public ScriptedModel Model => _around.Model;
    public WebhookReceiver Receiver => _around.Receiver;

    /// <summary>The environment that <c>aicoder</c> gets, whole; a test may change it.</summary>
    public Dictionary<string, string> Environment { get; }

    public string BareRepository => _around.BareRepository();
    public string Home => _around.Home;
    public string Workspace => _around.Workspace;
    public string RepositoryUrl => _around.RepositoryUrl;

    /// <inheritdoc cref="TaskSurroundings.CreateAsync"/>
    public static async Task<TaskWorld> CreateAsync(
        Func<ScriptedRequest, ScriptedReply>? script = null,
        GitServerOptions? git = null,
        Func<int, WebhookAnswer>? answer = null,
        IReadOnlyDictionary<string, string>? files = null) =>
        new(await TaskSurroundings.CreateAsync(script, git, answer, files, TestContext.Current.CancellationToken));

    /// <inheritdoc cref="TaskSurroundings.Request"/>
    public string Request(string? taskId, object? further = null) => _around.Request(taskId, further).ToJsonString();

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

    /// <inheritdoc cref="TaskSurroundings.HeadOfAsync"/>
    public Task<string?> HeadOfAsync(string branch) => _around.HeadOfAsync(branch);

    /// <inheritdoc cref="TaskSurroundings.PushesOf"/>
    public int PushesOf(string branch) => _around.PushesOf(branch);

    public Task<string> GitAsync(params IReadOnlyList<string> arguments) => GitProgram.RunAsync(BareRepository, arguments);

    public ValueTask DisposeAsync() => _around.DisposeAsync();
}
