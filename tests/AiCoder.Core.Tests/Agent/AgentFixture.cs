using AiCoder.Core.Activities;
using AiCoder.Core.Agent;
using AiCoder.Core.Configuration;
using AiCoder.Core.Git;
using AiCoder.Core.Models;
using AiCoder.Core.Network;
using AiCoder.Core.Processes;
using AiCoder.Core.Sandbox;
using AiCoder.Core.Secrets;
using AiCoder.Core.Tasks;
using AiCoder.Core.Workspaces;
using AiCoder.Demo;
using AiCoder.Testing;
using Azure.Core;

namespace AiCoder.Core.Tests.Agent;

/// <summary>A real repository, cloned into a real workspace, a scripted model behind a socket, and the two activities that ask it.</summary>
internal sealed class AgentFixture : IAsyncDisposable
{
    public const string TaskId = "task-1";
    public static readonly Plan Plan = new() { Summary = "修好加法", Files = ["src/calc.py"], Changes = ["return a + b"], Tests = ["test_calc"] };
    private readonly TemporaryFolder _folder = new();
    private readonly List<IDisposable> _owned = [];
    private ModelClientFactory? _models;
    private Func<ScriptedRequest, ScriptedReply> _script = _ => ScriptedReply.Error(400, "No script was set.");

    private AgentFixture(ScriptedModel? model) => Model = model!;

    public ScriptedModel Model { get; private set; }

    public AiCoderOptions Options { get; set; } = null!;

    public TaskSpec Spec { get; set; } = null!;

    public CloneOutput Source { get; private set; } = null!;

    /// <summary>What Azure is logged in with where there is no key.</summary>
    public TokenCredential? AzureCredential { get; set; }

    public WorkspaceStore Store { get; private set; } = null!;

    public Messages Signals { get; } = new();

    public List<ActivityProgress> Progress { get; } = [];

    /// <summary>No test waits until these are over: a loaded machine takes its time for an answer that is there.</summary>
    public static ModelTimeouts Patient { get; } = new() { FirstByte = TimeSpan.FromMinutes(2), Idle = TimeSpan.FromMinutes(2) };

    public ModelTimeouts Timeouts { get; set; } = Patient;

    /// <summary>The clock of the coding activity; the model's timeouts are on the machine's.</summary>
    public TimeProvider Time { get; set; } = TimeProvider.System;

    public BatchBounds Bounds { get; set; } = new();

    public DailyCeilings? Daily { get; set; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>A small repository whose one function is wrong.</summary>
    public static GitRepositoryBuilder SmallRepository() => new GitRepositoryBuilder()
        .With("README.md", "# Calc\n\nA calculator.\n")
        .With("src/calc.py", "def add(a, b):\n    return a - b\n")
        .With("tests/test_calc.py", "from src.calc import add\n\ndef test_add():\n    assert add(1, 2) == 3\n")
        .With(".github/workflows/ci.yml", "on: push\n");

    /// <param name="repository">What is cloned; null: the small repository.</param>
    /// <param name="sandbox">Where commands run.</param>
    /// <param name="remote">A bare repository that is there already, and that nothing is pushed to.</param>
    public static async Task<AgentFixture> CreateAsync(GitRepositoryBuilder? repository = null, SandboxKind sandbox = SandboxKind.None, string? remote = null)
    {
        var fixture = new AgentFixture(null);
        fixture.Model = await ScriptedModel.StartAsync(request => fixture._script(request), Cancel);
        if (remote is null)
            await (repository ?? SmallRepository()).CreateAsync(remote = fixture._folder["remote.git"]);
        fixture.Options = new()
        {
            ApiKey = "sk-operator-0001",
            BaseUrl = fixture.Model.BaseUrl,
            WorkspaceDir = fixture._folder["workspace"],
            StateDir = fixture._folder["workspace", ".state"],
            CallerIsOperator = true,
            Sandbox = sandbox,
        };
        Directory.CreateDirectory(fixture.Options.StateDir);
        fixture.Spec = new()
        {
            TaskId = TaskId,
            RepoUrl = remote,
            Intent = "把加法修好",
            WorkBranch = "ai/task-1",
            Model = "gpt-4o-mini",
            // Nothing is tested here, and pip takes a second, most of what a test takes, to find out that it has no network.
            Validation = new() { Prepare = [] },
        };
        fixture.Restart();
        await fixture.CloneAsync();
        return fixture;
    }

    /// <summary>What the model answers from now on.</summary>
    public void Script(Func<ScriptedRequest, ScriptedReply> script) => _script = script;

    /// <summary>The replies one after the other, from now on.</summary>
    public void Script(params IReadOnlyList<ScriptedReply> replies)
    {
        var before = Model.Requests.Count;
        _script = request => request.Number - before <= replies.Count
            ? replies[request.Number - before - 1]
            : ScriptedReply.Error(400, $"The script has {replies.Count} answers, and this is request {request.Number - before}.");
    }

    /// <summary>As if the process had been killed and started again: nothing of it is remembered but what is on the disk.</summary>
    public void Restart()
    {
        Store = new WorkspaceStore(Options);
        _models = null;
    }

    /// <summary>From here on no endpoint is silent, and a slow machine must not seem to be one: a new process with other timeouts.</summary>
    public void BePatient()
    {
        Timeouts = Patient;
        Restart();
    }

    /// <summary>Another setting of the operator's, in a new process.</summary>
    public void Configure(Func<AiCoderOptions, AiCoderOptions> change)
    {
        Options = change(Options);
        Restart();
    }

    /// <summary>Another task in the same process, on the same repository.</summary>
    public async Task NextTaskAsync()
    {
        Spec = Spec with { TaskId = $"{Spec.TaskId}-next" };
        await CloneAsync();
    }

    public async Task<CodeOutput> CodeAsync(int iteration = 1, int batch = 1, TestResults? feedback = null, string? tree = null, CancellationToken? cancel = null, DateTime? deadline = null)
    {
        var input = new CodeInput(Spec, Source, Plan, iteration, batch, tree ?? Source.Tree, feedback, Usage.Zero) { Deadline = deadline };
        return await Code().RunAsync(input, Context(), cancel ?? Cancel);
    }

    /// <summary>The same activity twice at the same time, as a host may start it.</summary>
    public async Task<CodeOutput[]> CodeTwiceAsync()
    {
        var input = new CodeInput(Spec, Source, Plan, 1, 1, Source.Tree, null, Usage.Zero);
        var code = Code();
        return await Task.WhenAll(code.RunAsync(input, Context(), Cancel), code.RunAsync(input, Context(), Cancel));
    }

    public Task<AnalyzeOutput> AnalyzeAsync() =>
        new AnalyzeActivity(Options, Store, Secrets(), Models(), TimeProvider.System).RunAsync(new(Spec, Source), Context(), Cancel);

    public async Task<string> ReadAsync(string tree, string path) => (await Workspace(tree)).File(path) is { } file ? await File.ReadAllTextAsync(file, Cancel) : "";

    public async Task<byte[]> BytesAsync(string tree, string path) => await File.ReadAllBytesAsync((await Workspace(tree)).File(path)!, Cancel);

    public async Task<IReadOnlyList<TranscriptEntry>> TranscriptAsync() =>
        await Transcript.ReadAsync((await Store.OpenAsync(Spec.TaskId, Cancel)).TranscriptPath, Cancel);

    /// <summary>The checked-out tree, to look into.</summary>
    public async Task<CheckedOut> Workspace(string tree)
    {
        var workspace = await Store.OpenAsync(Spec.TaskId, Cancel);
        await workspace.CheckoutAsync(tree, Cancel);
        return new(workspace);
    }

    public static ScriptedReply Edit(string path, string oldText, string newText) =>
        ScriptedReply.Call("edit_file", new() { ["path"] = path, ["old_text"] = oldText, ["new_text"] = newText });

    public static ScriptedReply Write(string path, string content) => ScriptedReply.Call("write_file", new() { ["path"] = path, ["content"] = content });

    public static ScriptedReply Read(string path) => ScriptedReply.Call("read_file", new() { ["path"] = path });

    public static ScriptedReply Run(string command) => ScriptedReply.Call("run_command", new() { ["command"] = command });

    public static ScriptedReply Finish(string summary = "done") => ScriptedReply.Call("finish", new() { ["summary"] = summary });

    public static ScriptedReply Fix() => Edit("src/calc.py", "a - b", "a + b");

    public async ValueTask DisposeAsync()
    {
        foreach (var owned in _owned)
            owned.Dispose();
        await Model.DisposeAsync();
        _folder.Dispose();
    }

    private async Task CloneAsync()
    {
        var guard = new AddressGuard(Options);
        var bounds = new GitBounds();
        var git = new Core.Git.GitProgram(Options, new ProcessRunner(TimeProvider.System));
        var access = await new RemoteAccessResolver(Options, guard).ResolveAsync(Spec, TaskSecrets.None, Cancel);
        var workspace = await Store.OpenAsync(Spec.TaskId, Cancel);
        var remote = new GitRemote(git, new RepositoryCache(Options, TimeProvider.System), guard, bounds);
        var cloned = await remote.CloneAsync(workspace, access, null, Spec.WorkBranch, Cancel);
        await workspace.CheckoutAsync(cloned.Tree, Cancel);
        Source = new(cloned.BaseBranch, cloned.BaseCommit, cloned.Tree, cloned.RemoteWorkCommit, [], cloned.FromCache);
    }

    private CodeActivity Code()
    {
        var runner = new ProcessRunner(TimeProvider.System);
        var sandbox = SandboxFactory.Create(Options, runner, new SecretRedactor(Options.Secrets));
        return new(Options, Store, Secrets(), sandbox, Models(), Time) { Bounds = Bounds };
    }

    private ProtectedSecretStore Secrets()
    {
        var secrets = new ProtectedSecretStore(Options);
        _owned.Add(secrets);
        return secrets;
    }

    private ModelClientFactory Models()
    {
        if (_models is null)
        {
            _models = new ModelClientFactory(
                Options, new AddressGuard(Options), TimeProvider.System, Timeouts, daily: Daily, azureCredential: AzureCredential is { } credential ? () => credential : null);
            _owned.Add(_models);
        }

        return _models;
    }

    private ActivityContext Context() => new()
    {
        TaskId = Spec.TaskId,
        Signals = Signals,
        Stopping = Signals.Stopping.Token,
        Report = progress =>
        {
            lock (Progress)
                Progress.Add(progress);
        },
    };

    internal sealed class Messages : ITaskSignals
    {
        public List<TaskMessage> Sent { get; } = [];

        public CancellationTokenSource Stopping { get; } = new();

        public CancellationToken Cancelled => CancellationToken.None;

        public Task<IReadOnlyList<TaskMessage>> ReadMessagesAsync(long after, CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<TaskMessage>>([.. Sent.Where(message => message.Number > after)]);
    }

    internal sealed record CheckedOut(Workspace Workspace)
    {
        public string? File(string path) => System.IO.File.Exists(Path.Combine(Workspace.WorkTree, path)) ? Path.Combine(Workspace.WorkTree, path) : null;
    }
}
